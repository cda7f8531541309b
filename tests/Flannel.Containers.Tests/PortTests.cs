using System.Net;
using System.Net.Sockets;
using Flannel.Containers.Tests.Kernel;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;

namespace Flannel.Containers.Tests;

/// <summary>Mapped ports, for every protocol and both address families.</summary>
public sealed class PortTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [SkippableTheory]
    [InlineData(ContainerMode.Bridge, PortProtocol.Udp, AddressFamily.InterNetwork)]
    [InlineData(ContainerMode.Bridge, PortProtocol.Udp, AddressFamily.InterNetworkV6)]
    [InlineData(ContainerMode.Bridge, PortProtocol.Tcp, AddressFamily.InterNetworkV6)]
    [InlineData(ContainerMode.Routed, PortProtocol.Udp, AddressFamily.InterNetwork)]
    [InlineData(ContainerMode.Routed, PortProtocol.Udp, AddressFamily.InterNetworkV6)]
    [InlineData(ContainerMode.Routed, PortProtocol.Tcp, AddressFamily.InterNetworkV6)]
    public async Task MappedPort_LeadsToTheContainer(ContainerMode mode, PortProtocol protocol, AddressFamily family)
    {
        await using var host = new Host(mode);
        IPAddress gateway = IPAddress.Parse(family == AddressFamily.InterNetwork ? "10.244.7.1" : "fd00:244:7::1");
        ContainerAttachment server = host.NewAttachment("server") with
        {
            PortMappings = [new PortMapping(8080, 80, protocol), new PortMapping(8081, 80, protocol) { HostAddress = gateway }],
        };
        ContainerAttachment client = host.NewAttachment("client");
        await host.Network.AttachAsync(server);
        await host.Network.AttachAsync(client);
        using Socket listener = Listen(server.Namespace!, family, protocol);

        foreach (int port in new[] { 8080, 8081 })
        {
            foreach (NetworkNamespace from in new[] { host.Namespace, client.Namespace!, server.Namespace! })
                await AskAsync(from, listener, new IPEndPoint(gateway, port));
        }

        if (family == AddressFamily.InterNetwork) await AskAsync(host.Namespace, listener, new IPEndPoint(IPAddress.Loopback, 8080));
        Assert.Equal(3, host.MappedPorts); // one for each family, and that of an address
        await host.Network.DetachAsync("server");
        Assert.Equal(0, host.MappedPorts);
    }

    [SkippableFact]
    public async Task OnePort_OfEveryProtocol_IsMappedToADifferentContainer()
    {
        await using var host = new Host(dualStack: false);
        PortProtocol[] protocols = Enum.GetValues<PortProtocol>();
        foreach (PortProtocol protocol in protocols)
        {
            ContainerAttachment one = host.NewAttachment($"{protocol}") with { PortMappings = [new PortMapping(8080, 80, protocol)] };
            await host.Network.AttachAsync(one);
            Assert.Equal("all is well", (await host.Network.CheckAsync(one)).ToString());
        }

        IEnumerable<byte> mapped = host.Nftables.GetSets(NftFamily.IPv4, "flannel-ports-net")
            .SelectMany(map => host.Nftables.GetElements(map))
            .Select(element => element.Key.Bytes[0]);
        Assert.Equal(protocols.Select(static protocol => (byte)protocol).Order(), mapped.Order());
        ContainerAttachment taken = host.NewAttachment("other") with { PortMappings = [new PortMapping(8080, 81, PortProtocol.Sctp)] };
        Assert.Equal(
            ContainerNetworkError.PortTaken, (await Assert.ThrowsAsync<ContainerNetworkException>(() => host.Network.AttachAsync(taken))).Error);
    }

    [SkippableTheory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task UdpPort_GivenToAnotherContainer_TakesThoseAlongWhoGoOnSending(AddressFamily family)
    {
        await using var host = new Host();
        IPAddress gateway = IPAddress.Parse(family == AddressFamily.InterNetwork ? "10.244.7.1" : "fd00:244:7::1");
        ContainerAttachment client = host.NewAttachment("client");
        await host.Network.AttachAsync(client);
        using Socket sender = Open(client.Namespace!, family, PortProtocol.Udp);
        await sender.ConnectAsync(new IPEndPoint(gateway, 8080));
        foreach (string id in new[] { "first", "second", "third" })
        {
            await AssertRefusedAsync(sender); // tracked as a connection to the host itself
            ContainerAttachment server = host.NewAttachment(id) with { PortMappings = [new PortMapping(8080, 80, PortProtocol.Udp)] };
            await host.Network.AttachAsync(server);
            using Socket listener = Listen(server.Namespace!, family, PortProtocol.Udp);
            await AskAsync(sender, listener); // one socket, so one connection to those who track it
            await host.Network.DetachAsync(id);
        }
    }

    private static async Task AssertRefusedAsync(Socket sender)
    {
        using var limit = new CancellationTokenSource(Limit);
        await sender.SendAsync("?"u8.ToArray(), limit.Token);
        SocketException refusal = await Assert.ThrowsAsync<SocketException>(() => sender.ReceiveAsync(new byte[8], limit.Token).AsTask());
        Assert.Equal(SocketError.ConnectionRefused, refusal.SocketErrorCode);
    }

    private static Socket Open(NetworkNamespace where, AddressFamily family, PortProtocol protocol) => where.Run(() => protocol == PortProtocol.Tcp
        ? new Socket(family, SocketType.Stream, ProtocolType.Tcp)
        : new Socket(family, SocketType.Dgram, ProtocolType.Udp));

    private static Socket Listen(NetworkNamespace where, AddressFamily family, PortProtocol protocol)
    {
        Socket socket = Open(where, family, protocol);
        socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 80));
        if (protocol == PortProtocol.Tcp) socket.Listen();
        return socket;
    }

    private static async Task AskAsync(NetworkNamespace from, Socket listener, IPEndPoint to)
    {
        using Socket client = Open(from, to.AddressFamily, listener.ProtocolType == ProtocolType.Tcp ? PortProtocol.Tcp : PortProtocol.Udp);
        await client.ConnectAsync(to).WaitAsync(Limit);
        await AskAsync(client, listener);
    }

    /// <summary>
    /// A question goes to the listener, and the answer comes back to a client that is connected to the mapped port and hears nobody else.
    /// </summary>
    private static async Task AskAsync(Socket client, Socket listener)
    {
        using var limit = new CancellationTokenSource(Limit);
        byte[] buffer = new byte[8];
        await client.SendAsync("?"u8.ToArray(), limit.Token);
        if (listener.ProtocolType == ProtocolType.Tcp)
        {
            using Socket server = await listener.AcceptAsync(limit.Token);
            Assert.Equal(1, await server.ReceiveAsync(buffer, limit.Token));
            await server.SendAsync("!"u8.ToArray(), limit.Token);
        }
        else
        {
            SocketReceiveFromResult asked = await listener.ReceiveFromAsync(
                buffer, new IPEndPoint(listener.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), limit.Token);
            await listener.SendToAsync("!"u8.ToArray(), asked.RemoteEndPoint, limit.Token);
        }

        Assert.Equal(1, await client.ReceiveAsync(buffer, limit.Token));
        Assert.Equal((byte)'!', buffer[0]);
    }
}
