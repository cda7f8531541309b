using System.Net;

namespace Flannel;

/// <summary>The UDP port cannot be opened at the address of the external interface.</summary>
public sealed class UdpPortException : FlannelException
{
    internal UdpPortException(IPEndPoint endpoint, string message, bool isTransient)
        : base(message) => (Endpoint, IsTransient) = (endpoint, isTransient);

    /// <summary>The address and port that were asked for.</summary>
    public IPEndPoint Endpoint { get; }

    /// <inheritdoc />
    public override bool IsTransient { get; }
}
