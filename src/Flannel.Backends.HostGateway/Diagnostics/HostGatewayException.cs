namespace Flannel;

/// <summary>The network cannot be set up or removed: the external interface is gone, or the kernel refuses.</summary>
public sealed class HostGatewayException : FlannelException
{
    internal HostGatewayException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException) => IsTransient = isTransient;

    /// <inheritdoc />
    public override bool IsTransient { get; }
}
