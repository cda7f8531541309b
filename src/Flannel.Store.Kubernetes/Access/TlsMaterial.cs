using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Flannel.Extensibility;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>Everything that connections depend on, by value: they are reopened when it changes.</summary>
/// <param name="Server">The server.</param>
/// <param name="Authorities">Whom to trust, as PEM text, or <see langword="null"/> for the system's.</param>
/// <param name="IsInsecure">Whether any certificate will do.</param>
/// <param name="ServerName">The name to look for in the server's certificate.</param>
/// <param name="Certificate">The client certificate, or <see langword="null"/> for none.</param>
/// <param name="Key">Its key.</param>
/// <param name="Proxy">The proxy that goes before the environment's.</param>
internal sealed record TlsMaterial(
    Uri Server, PemFile? Authorities, bool IsInsecure, string? ServerName, PemFile? Certificate, PemFile? Key, Uri? Proxy)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(15);
    private const int TcpProbes = 3;

    /// <summary>Makes what connects. A dead connection shows within 45 seconds, over HTTP/2 by pings, over HTTP/1.1 by TCP's probes.</summary>
    /// <exception cref="InvalidDataException">A certificate or key cannot be used.</exception>
    [SuppressMessage("Security", "CA5359:Do not disable certificate validation", Justification = "A kubeconfig may say so: " +
        "insecure-skip-tls-verify.")]
    public SocketsHttpHandler CreateHandler(KubernetesEnvironment environment, TimeProvider time)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = ConnectTimeout,
            ConnectCallback = (context, token) => ConnectAsync(context.DnsEndPoint, environment, time, token),
            KeepAlivePingDelay = PingAfter,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            Proxy = Proxy is null ? new EnvironmentProxy(environment) : EnvironmentProxy.Of(Proxy),
        };
        try
        {
            SslClientAuthenticationOptions tls = handler.SslOptions;
            tls.EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
            if (Certificate is not null && Key is not null)
                tls.ClientCertificateContext = ClientCertificate.Read(Certificate, Key).Context;
            if (IsInsecure)
            {
                tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
            }
            else
            {
                new ServerCertificateCheck(
                    Authorities?.ReadCertificates(),
                    Authorities?.Name ?? "",
                    "name a file with the authority's certificate as certificate-authority in the kubeconfig").ApplyTo(tls);
            }

            return handler;
        }
        catch (Exception error)
        {
            handler.Dispose();
            if (error is CryptographicException)
                throw new InvalidDataException(error.Message, error);
            throw;
        }
    }

    /// <summary>Nothing secret.</summary>
    public override string ToString() => Server.ToString();

    private static async ValueTask<Stream> ConnectAsync(
        DnsEndPoint server, KubernetesEnvironment environment, TimeProvider time, CancellationToken cancellationToken)
    {
        Socket socket;
        if (IPAddress.TryParse(server.Host, out IPAddress? address))
        {
            socket = await ConnectRace.ConnectAsync(address, server.Port, ProbeWhenIdle, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            IPAddress[] addresses = await environment.Resolve(server.Host, cancellationToken).ConfigureAwait(false);
            socket = await ConnectRace.ConnectAsync(addresses, server.Port, time, ProbeWhenIdle, cancellationToken).ConfigureAwait(false);
        }

        return new NetworkStream(socket, ownsSocket: true);
    }

    private static void ProbeWhenIdle(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)PingAfter.TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, (int)PingTimeout.TotalSeconds / TcpProbes);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, TcpProbes);
    }
}
