using System.Net;

namespace Flannel.Store.Etcd.Transport;

/// <summary>What the application and tests change about connections.</summary>
internal sealed record GrpcTransportOptions
{
    /// <summary>What connections are unless a test says otherwise.</summary>
    public static GrpcTransportOptions Default { get; } = new();

    /// <summary>The longest message accepted, in bytes: 64 MiB. A page of 5,000 leases takes about 1 MiB.</summary>
    public int MaxMessageLength { get; init; } = 64 << 20;

    /// <summary>What the application changes of the handler of HTTP, after everything else.</summary>
    public Action<SocketsHttpHandler>? Configure { get; init; }

    /// <summary>Finds the addresses of a name.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } =
        static (host, cancellationToken) => Dns.GetHostAddressesAsync(host, cancellationToken);

    /// <summary>Puts something around the handler of HTTP.</summary>
    public Func<HttpMessageHandler, HttpMessageHandler> Wrap { get; init; } = static handler => handler;
}
