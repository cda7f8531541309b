using Flannel.Core.Addressing;

namespace Flannel.Core.Diagnostics;

/// <summary>The node's own lease was deleted, has expired or belongs to somebody else.</summary>
public sealed class LeaseLostException : LeaseException
{
    internal LeaseLostException(SubnetKey key, string message, Exception? innerException = null)
        : base(message, innerException) => Key = key;

    /// <summary>The subnet that was lost.</summary>
    public SubnetKey Key { get; }

    /// <inheritdoc />
    public override bool IsTransient => true;
}
