using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>
/// A host with the rules and a pod, another host with the remote pod, routed without a tunnel, and a server outside of the overlay. The host has a
/// second address, so that masquerading its own packets shows.
/// </summary>
internal sealed class TrafficLab : IAsyncDisposable
{
    internal const int MarkedPort = 7001;
    internal const int OtherwiseMarkedPort = 7002;
    private const int Port = 7000;

    private readonly NetworkLab _lab;
    private readonly bool _isIPv4;
    private readonly Dictionary<(LabNode, int), Socket> _receivers = [];
    private byte _question;

    private TrafficLab(NetworkLab lab, AddressFamily family)
    {
        _lab = lab;
        _isIPv4 = family == AddressFamily.InterNetwork;
        Range = _isIPv4 ? TrafficPolicies.IPv4 : TrafficPolicies.IPv6;
        RemoteSubnet = IPNetwork.Parse(_isIPv4 ? "10.5.2.0/24" : "fc00:5:0:2::/64");
        Pod = _isIPv4 ? Host.AddContainer(Range.Subnet) : Host.AddContainer(null, Range.Subnet);
        RemotePod = _isIPv4 ? lab.Hosts[1].AddContainer(RemoteSubnet) : lab.Hosts[1].AddContainer(null, RemoteSubnet);

        Assign(Host, OtherHostAddress);
        Assign(Outside, ExcludedAddress);
        Route(Host, RemoteSubnet, AddressOf(lab.Hosts[1]));
        Route(lab.Hosts[1], Range.Subnet, AddressOf(Host));
        Route(Outside, Range.Subnet, AddressOf(Host));
        foreach (LabNode node in new LabNode[] { RemotePod, Outside, lab.Hosts[1] })
            Route(node, new IPNetwork(OtherHostAddress, _isIPv4 ? 32 : 128), node == RemotePod ? Gateway(RemoteSubnet) : AddressOf(Host));
    }

    internal TrafficRange Range { get; }

    internal LabHost Host => _lab.Hosts[0];

    internal LabContainer Pod { get; }

    internal LabContainer RemotePod { get; }

    internal LabUnderlay Outside => _lab.Underlay;

    internal IPAddress HostAddress => AddressOf(Host);

    internal IPAddress OtherHostAddress => IPAddress.Parse(_isIPv4 ? "203.0.113.1" : "2001:db8:2::1");

    internal IPAddress PodAddress => AddressOf(Pod);

    internal IPAddress RemotePodAddress => AddressOf(RemotePod);

    internal IPAddress OutsideAddress => AddressOf(Outside);

    internal IPAddress ExcludedAddress => IPAddress.Parse(_isIPv4 ? "198.51.100.9" : "2001:db8:1::9");

    internal TrafficPolicy Policy => TrafficPolicies.Policy(Host.NamespaceName) with
    {
        Ranges = [Range],
        MasqueradeExclusions = [IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("2001:db8:1::/48")],
    };

    private IPNetwork RemoteSubnet { get; }

    internal static async Task<TrafficLab> CreateAsync(AddressFamily family)
    {
        var lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true });
        try
        {
            var traffic = new TrafficLab(lab, family);

            // The mark that kube-proxy would set on a packet that it masquerades itself, once alone among other bits and once other bits alone.
            await traffic.Host.ExecAsync(
                "nft",
                $$"""
                table inet marks {
                  chain prerouting {
                    type filter hook prerouting priority mangle;
                    udp dport {{MarkedPort}} meta mark set 0x4001
                    udp dport {{OtherwiseMarkedPort}} meta mark set 0x8001
                  }
                }
                """);
            return traffic;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends datagrams until one arrives and tells from which address it seems to come; <see langword="null"/> if none does.</summary>
    internal IPAddress? SourceSeen(LabNode from, IPAddress? source, LabNode to, IPAddress destination, int port = Port, TimeSpan? limit = null)
    {
        IPAddress any = _isIPv4 ? IPAddress.Any : IPAddress.IPv6Any;
        Socket receiver = ReceiverOf(to, new IPEndPoint(any, port));
        using Socket sender = from.Run(() => Open(new IPEndPoint(source ?? any, 0)));
        byte[] sent = [++_question], received = new byte[1];
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < (limit ?? KeptRules.Deadline))
        {
            try
            {
                sender.SendTo(sent, new IPEndPoint(destination, port));
                EndPoint seen = new IPEndPoint(any, 0);
                do receiver.ReceiveFrom(received, ref seen);
                while (received[0] != sent[0]); // what an earlier question sent twice
                return ((IPEndPoint)seen).Address;
            }
            catch (SocketException)
            {
                // nothing yet: addresses and neighbours may still settle
            }
        }

        return null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Socket receiver in _receivers.Values) receiver.Dispose();
        await _lab.DisposeAsync();
    }

    /// <summary>One socket for all that the node receives at the port.</summary>
    /// <remarks>
    /// A port that was closed is not free at once: while this process starts another program, that one has the socket too until it has called execve.
    /// </remarks>
    private Socket ReceiverOf(LabNode node, IPEndPoint local)
    {
        if (_receivers.TryGetValue((node, local.Port), out Socket? receiver)) return receiver;
        receiver = node.Run(() => Open(local));
        receiver.ReceiveTimeout = 100;
        _receivers.Add((node, local.Port), receiver);
        return receiver;
    }

    private static Socket Open(IPEndPoint local)
    {
        var socket = new Socket(local.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(local);
        return socket;
    }

    private IPAddress AddressOf(LabNode node) => (_isIPv4 ? node.Address : node.AddressIPv6)!;

    private static IPAddress Gateway(IPNetwork subnet)
    {
        byte[] bytes = subnet.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return new IPAddress(bytes);
    }

    private static void Assign(LabNode node, IPAddress address) => node.Netlink.AddAddress(new InterfaceAddress
    {
        LinkIndex = 1,
        Address = address,
        PrefixLength = address.GetAddressBytes().Length * 8,
        Flags = AddressFlags.NoDad,
    });

    private static void Route(LabNode node, IPNetwork destination, IPAddress gateway) =>
        node.Netlink.ReplaceRoute(new RouteEntry { Destination = destination, Gateway = gateway });
}
