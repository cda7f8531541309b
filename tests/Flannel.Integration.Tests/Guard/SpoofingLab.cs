using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flannel.Integration.Tests.Backends;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Guard;

/// <summary>
/// Two hosts in a network, each with containers, a third one without, and on the same LAN a host without a lease, which attacks, and one that is
/// not to be reached through the tunnel. It sends what each case says and counts what arrived, all in one address family.
/// </summary>
internal sealed class SpoofingLab : IAsyncDisposable
{
    public const int PacketsPerCase = 10;

    private const int Port = 9999;
    private const int SentinelPort = 9998;
    private const int AttackPort = 9997;
    private const byte SentinelTag = 200;
    private const string SecondAddress = "192.168.100.102";
    private const string SecondAddressIPv6 = "fd00:100::102";
    private const int IP_TRANSPARENT = 19;
    private const int IPV6_TRANSPARENT = 75;
    private const int SOL_UDP = 17;
    private const int UDP_SEGMENT = 103;

    // Local administration bit set; belongs to nobody.
    private static readonly PhysicalAddress StrangersMac = PhysicalAddress.Parse("02-00-00-00-99-01");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly BackendLab _lab;
    private readonly bool _isVxlan;
    private readonly bool _isIPv6;
    private readonly List<Socket> _receivers = [];
    private readonly Dictionary<SpoofingCase, int> _arrived = [];

    private SpoofingLab(BackendLab lab, bool isVxlan, bool isIPv6) => (_lab, _isVxlan, _isIPv6) = (lab, isVxlan, isIPv6);

    /// <summary>The hosts and their networks.</summary>
    public BackendLab Backends => _lab;

    private LabHost Peer => _lab.Hosts[0];

    private LabHost Target => _lab.Hosts[1];

    private LabHost Stranger => _lab.Hosts[2];

    private LabHost LanHost => _lab.Hosts[3];

    private LabHost Other => _lab.Hosts[4];

    private LabContainer RemoteContainer => Peer.Containers[0];

    private LabContainer Victim => Target.Containers[0];

    private LabContainer OwnContainer => Target.Containers[1];

    private int TunnelPort => _isVxlan ? 8472 : 8285;

    public static async Task<SpoofingLab> StartAsync(string backend, bool isIPv6, Action<BackendLab>? configure = null)
    {
        var lab = new BackendLab(hosts: 5);
        configure?.Invoke(lab);
        var spoofing = new SpoofingLab(lab, backend.Contains("vxlan", StringComparison.Ordinal), isIPv6);
        await lab.StartAsync(backend, [spoofing.Peer, spoofing.Target, spoofing.Other]);
        AddContainers(lab.Hosts[0], 1, count: 1);
        AddContainers(lab.Hosts[1], 2, count: 2);

        // As with -ip-masq: what containers send to the world has their host's address.
        foreach (LabHost host in lab.Hosts.Take(2))
        {
            await BackendLab.Sh(host, """
                nft add table inet leaving
                nft add chain inet leaving post '{ type nat hook postrouting priority 100; }'
                nft add rule inet leaving post oifname eth0 ip saddr 10.5.0.0/16 masquerade
                nft add rule inet leaving post oifname eth0 ip6 saddr fd00:5::/48 masquerade
                """);
        }

        await BackendLab.Sh(spoofing.Target, $"""
            ip addr add {SecondAddress} dev eth0
            ip addr add {SecondAddressIPv6} dev eth0 nodad
            """);
        await BackendLab.Sh(spoofing.Other, $"""
            ip route replace default via {spoofing.LanHost.Address}
            ip -6 route replace default via {spoofing.LanHost.AddressIPv6}
            """);
        await BackendLab.Sh(spoofing.LanHost, $"ip addr add {spoofing.InSubnet(5, 77)} dev lo");

        foreach (LabNode node in new LabNode[] { spoofing.Victim, spoofing.Target, spoofing.LanHost })
            spoofing._receivers.Add(spoofing.OpenReceiver(node, Port));
        await spoofing.WarmUpAsync();
        return spoofing;
    }

    /// <summary>Sends all cases and counts.</summary>
    public async Task<IReadOnlyDictionary<SpoofingCase, int>> RunAsync()
    {
        foreach (SpoofingCase number in Enum.GetValues<SpoofingCase>()) Send(number);
        await AwaitSentinelsAsync();
        Drain();
        return Enum.GetValues<SpoofingCase>().ToDictionary(static number => number, number => _arrived.GetValueOrDefault(number));
    }

    /// <summary>Sends one case, and once it is on its way, does what makes the ways passable that it has to be followed on.</summary>
    /// <returns>How many packets arrived.</returns>
    public async Task<int> RunAsync(SpoofingCase number, Func<Task>? afterSending = null)
    {
        Send(number);
        if (afterSending is not null) await afterSending();
        await AwaitSentinelsAsync();
        Drain();
        return _arrived.GetValueOrDefault(number);
    }

    /// <summary>Sends packets as they are from a host of the LAN to a container, as another container of the same host or as a remote one.</summary>
    /// <param name="asOwnContainer">Whether as a container of the target, else as the peer's.</param>
    /// <param name="device">Over which of the stranger's interfaces, on which the container has the target's MAC; by the target otherwise.</param>
    /// <returns>How many arrived.</returns>
    public async Task<int> SendPastTheTunnelAsync(bool asOwnContainer, string? device = null)
    {
        string subnet = (_isIPv6 ? BackendLab.KeyOf(2).IPv6 : BackendLab.KeyOf(2).IPv4).ToString()!;
        await Stranger.ExecAsync("ip", [_isIPv6 ? "-6" : "-4", "route", "replace", subnet, .. Way()]);
        using Socket socket = OpenSender(Stranger, Of(asOwnContainer ? OwnContainer : RemoteContainer));
        for (int index = 0; index < PacketsPerCase; index++)
        {
            socket.SendTo(
                [(byte)SpoofingCase.StrangerAsContainer], new IPEndPoint(Of(Victim), Port));
        }

        await AwaitSentinelsAsync();
        Drain();
        _arrived.Remove(SpoofingCase.StrangerAsContainer, out int arrived);
        return arrived;

        string[] Way() => device is null ? ["via", Of(Target).ToString()] : ["dev", device];
    }

    /// <summary>Gives the target and the stranger a second interface each, over which the stranger reaches the container.</summary>
    public async Task AddInterfacesAsync(string device)
    {
        foreach (LabHost host in new[] { Target, Stranger })
        {
            await BackendLab.Sh(host, $"""
                ip link add link eth0 name {device} address 02:00:00:00:02:0{(host == Target ? 1 : 2)} type macvlan mode bridge
                ip link set {device} up
                sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.{device}.rp_filter=0
                """);
        }

        await Stranger.ExecAsync("ip", "neigh", "replace", Of(Victim).ToString(), "dev", device, "lladdr", "02:00:00:00:02:01");
    }

    /// <summary>Writes tunnel packets from a container behind the peer that is not the network's and gets the peer's address on its way.</summary>
    /// <returns>How many arrived.</returns>
    public async Task<int> SendFromAnotherNetworkAsync(bool toSecondAddress)
    {
        const SpoofingCase Number = SpoofingCase.RemoteContainerToTheTunnelPort;
        string source = _isIPv6 ? "fd00:17::9" : "172.17.0.9";
        await BackendLab.Sh(Peer, $"nft add rule inet leaving post oifname eth0 {(_isIPv6 ? "ip6" : "ip")} saddr {source} masquerade");
        byte[] packet = InnerPacket.Write(Of(RemoteContainer), Of(Victim), Port, [(byte)Number]);
        byte[] payload = InnerPacket.WrapInVxlan(packet, vni: 1, MacOf(Peer), MacOf(Target));
        using Socket socket = OpenSender(RemoteContainer, IPAddress.Parse(source));
        var to = new IPEndPoint(toSecondAddress ? Second : Of(Target), TunnelPort);
        for (int index = 0; index < PacketsPerCase; index++) socket.SendTo(payload, to);
        await AwaitSentinelsAsync();
        Drain();
        _arrived.Remove(Number, out int arrived);
        return arrived;
    }

    /// <summary>
    /// Writes tunnel packets as super-packets, which the links here pass on whole: first one of another network, then one as the peer's container.
    /// </summary>
    /// <returns>How many of the latter arrived.</returns>
    public async Task<int> SendInSuperPacketsAsync(SpoofingCase number)
    {
        LabNode sender = number == SpoofingCase.OwnContainerToTheTunnelPort ? OwnContainer : Stranger;
        byte[] packet = InnerPacket.Write(Of(RemoteContainer), Of(Victim), Port, [(byte)number]);
        byte[] another = InnerPacket.WrapInVxlan(packet, vni: 2, MacOf(Peer), MacOf(Target));
        byte[] forged = InnerPacket.WrapInVxlan(packet, vni: 1, MacOf(Peer), MacOf(Target));
        using Socket socket = OpenSender(sender, null);
        socket.SetRawSocketOption(SOL_UDP, UDP_SEGMENT, BitConverter.GetBytes(another.Length));
        for (int index = 0; index < PacketsPerCase; index++) socket.SendTo([.. another, .. forged], new IPEndPoint(Of(Target), TunnelPort));
        await AwaitSentinelsAsync();
        Drain();
        _arrived.Remove(number, out int arrived);
        return arrived;
    }

    /// <summary>Writes ARP requests into the tunnel as the peer, each as another host, and waits until they were handled.</summary>
    public async Task SendArpAsync()
    {
        using Socket socket = OpenSender(Peer, null);
        for (byte index = 1; index <= PacketsPerCase; index++)
        {
            byte[] request = InnerPacket.WrapArpInVxlan(vni: 1, MacOf(Peer), InSubnet(1, index), InSubnet(2, 0));
            socket.SendTo(request, new IPEndPoint(Of(Target), TunnelPort));
        }

        await AwaitSentinelsAsync();
    }

    /// <summary>Pings from container to container.</summary>
    public ContinuousPing StartPinging() => RemoteContainer.StartPinging(Of(Victim));

    /// <summary>Sends what only the guard keeps out: as a peer's container, with the peer's MAC.</summary>
    public ContinuousAttack StartAttack()
    {
        byte[] packet = InnerPacket.Write(Of(RemoteContainer), Of(Victim), AttackPort, [1]);
        return new ContinuousAttack(
            OpenSender(Stranger, null),
            OpenReceiver(Victim, AttackPort),
            InnerPacket.WrapInVxlan(packet, vni: 1, MacOf(Peer), MacOf(Target)),
            new IPEndPoint(Of(Target), TunnelPort));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Socket receiver in _receivers) receiver.Dispose();
        await _lab.DisposeAsync();
    }

    private static void AddContainers(LabHost host, int number, int count)
    {
        SubnetKey key = BackendLab.KeyOf(number);
        for (int index = 0; index < count; index++) host.AddContainer(key.IPv4, key.IPv6, mtu: 1380);
    }

    private void Send(SpoofingCase number)
    {
        IPAddress remote = Of(RemoteContainer);
        IPAddress victim = Of(Victim);
        IPAddress internet = IPAddress.Parse(_isIPv6 ? "2001:db8::8" : "198.51.100.8");
        IPAddress nobody = InSubnet(99, 2);
        PhysicalAddress mac = _isVxlan ? MacOf(Peer) : StrangersMac;
        PhysicalAddress others = _isVxlan ? MacOf(Other) : StrangersMac;
        switch (number)
        {
            case SpoofingCase.StrangerAsContainer: Tunnel(Stranger, StrangersMac, remote, victim); break;
            case SpoofingCase.StrangerAsContainerWithThePeersMac: Tunnel(Stranger, mac, remote, victim); break;
            case SpoofingCase.StrangerAsTheInternet: Tunnel(Stranger, mac, internet, victim); break;
            case SpoofingCase.StrangerAsTheTarget: Tunnel(Stranger, mac, victim, victim); break;
            case SpoofingCase.StrangerToTheTunnelAddress: Tunnel(Stranger, mac, remote, InSubnet(2, 0)); break;
            case SpoofingCase.StrangerToThePublicAddress: Tunnel(Stranger, mac, remote, Of(Target)); break;
            case SpoofingCase.StrangerToTheLan: Tunnel(Stranger, mac, remote, Of(LanHost)); break;
            case SpoofingCase.PeerAsNobody: Tunnel(Peer, mac, nobody, victim); break;
            case SpoofingCase.PeerAsTheInternet: Tunnel(Peer, mac, internet, victim); break;
            case SpoofingCase.PeerAsTheTarget: Tunnel(Peer, mac, victim, victim); break;
            case SpoofingCase.PeerToTheTunnelAddress: Tunnel(Peer, mac, remote, InSubnet(2, 0)); break;
            case SpoofingCase.PeerToThePublicAddress: Tunnel(Peer, mac, remote, Of(Target)); break;
            case SpoofingCase.PeerToTheLan: Tunnel(Peer, mac, remote, Of(LanHost)); break;
            case SpoofingCase.StrangerAsThePeer: Tunnel(Stranger, mac, remote, victim, outer: Of(Peer)); break;
            case SpoofingCase.StrangerAsThePeerWithAForeignSource: Tunnel(Stranger, mac, nobody, victim, outer: Of(Peer)); break;
            case SpoofingCase.OwnContainerToTheTunnelPort: Tunnel(OwnContainer, mac, remote, victim); break;
            case SpoofingCase.RemoteContainerToTheTunnelPort: Tunnel(RemoteContainer, mac, remote, victim); break;
            case SpoofingCase.RemoteContainerToTheTunnelPortWithAForeignSource: Tunnel(RemoteContainer, mac, nobody, victim); break;
            case SpoofingCase.RemoteContainerThroughTheTunnelToTheTunnelPort: Tunnel(RemoteContainer, mac, remote, victim); break;
            case SpoofingCase.StrangerInFragments: SendFragments(Stranger, mac, remote, victim); break;
            case SpoofingCase.PeerAsTheInternetInVlanTags: Tunnel(Peer, mac, internet, victim, vlanTags: 2); break;
            case SpoofingCase.PeerAsAnotherPeer: Tunnel(Other, mac, remote, victim); break;
            case SpoofingCase.OwnContainerAsThePeer: Tunnel(OwnContainer, mac, remote, victim, outer: Of(Peer)); break;
            case SpoofingCase.RemoteContainerAsAnotherPeer: Tunnel(RemoteContainer, others, InSubnet(5, 2), victim, outer: Of(Other)); break;
            case SpoofingCase.RemoteContainerAsItsHost: Tunnel(RemoteContainer, mac, remote, victim, outer: Of(Peer)); break;
            case SpoofingCase.RemoteContainerToASecondAddress: Tunnel(RemoteContainer, mac, remote, victim); break;
            case SpoofingCase.RemoteContainerAsItsHostToASecondAddress: Tunnel(RemoteContainer, mac, remote, victim, outer: Of(Peer)); break;
            case SpoofingCase.PeerAsTheTargetsHost: Tunnel(Peer, mac, Of(Target), victim); break;
            case SpoofingCase.PeerAsLoopback: Tunnel(Peer, mac, _isIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, victim); break;
            case SpoofingCase.PeerToAnAddressWithoutAContainer: Tunnel(Peer, mac, remote, InSubnet(5, 77)); break;
            case SpoofingCase.Legitimate: SendPlain(RemoteContainer, victim); break;
        }

        void Tunnel(LabNode sender, PhysicalAddress from, IPAddress source, IPAddress destination, IPAddress? outer = null, int vlanTags = 0)
        {
            byte[] packet = InnerPacket.Write(source, destination, Port, [(byte)number]);
            LabHost receiver = number == SpoofingCase.PeerToAnAddressWithoutAContainer ? Other : Target;
            byte[] payload = _isVxlan ? InnerPacket.WrapInVxlan(packet, vni: 1, from, MacOf(receiver), vlanTags) : packet;
            using Socket socket = OpenSender(sender, outer);

            IPAddress to = number switch
            {
                SpoofingCase.RemoteContainerThroughTheTunnelToTheTunnelPort => InSubnet(2, 0),
                SpoofingCase.RemoteContainerToASecondAddress or SpoofingCase.RemoteContainerAsItsHostToASecondAddress => Second,
                _ => Of(receiver),
            };
            for (int index = 0; index < PacketsPerCase; index++) socket.SendTo(payload, new IPEndPoint(to, TunnelPort));
        }

        void SendFragments(LabNode sender, PhysicalAddress from, IPAddress source, IPAddress destination)
        {
            byte[] packet = InnerPacket.Write(source, destination, Port, [(byte)number]);
            byte[] outer = InnerPacket.Write(
                Of(sender), Of(Target), TunnelPort, _isVxlan ? InnerPacket.WrapInVxlan(packet, vni: 1, from, MacOf(Target)) : packet);
            using Socket socket = sender.Run(() => new Socket(Family, SocketType.Raw, ProtocolType.Raw));
            for (ushort id = 1; id <= PacketsPerCase; id++)
            {
                foreach (byte[] fragment in InnerPacket.Split(outer, id)) socket.SendTo(fragment, new IPEndPoint(Of(Target), 0));
            }
        }

        void SendPlain(LabNode sender, IPAddress destination)
        {
            using Socket socket = OpenSender(sender, null);
            for (int index = 0; index < PacketsPerCase; index++) socket.SendTo([(byte)number], new IPEndPoint(destination, Port));
        }
    }

    /// <summary>
    /// Every link has found its neighbours and every receiver has been reached, so that what is missing later was dropped on purpose.
    /// </summary>
    private async Task WarmUpAsync()
    {
        var paths = new (LabNode From, IPAddress To)[]
        {
            (RemoteContainer, Of(Victim)), (Stranger, Of(Target)), (Target, Of(LanHost)), (OwnContainer, Of(Target)), (RemoteContainer, Of(Target)),
            (Target, Of(Victim)), (Peer, Of(LanHost)), (Other, Of(Target)), (Peer, Of(Other)), (Other, Of(LanHost)), (RemoteContainer, Second),
        };
        using var limit = new CancellationTokenSource(Limit);
        foreach (var (from, to) in paths)
        {
            while (!(await from.PingAsync(to)).AllAnswered) limit.Token.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Packets that pass, on every way that the others took, behind them: once they have arrived, whatever was sent before has been handled. Each is
    /// answered before the next is sent, so that no processor is behind.
    /// </summary>
    private async Task AwaitSentinelsAsync()
    {
        var ways = new (LabNode From, LabNode To, IPAddress Address)[]
        {
            (RemoteContainer, Victim, Of(Victim)), (Stranger, Target, Of(Target)), (Peer, Target, Of(Target)), (Target, LanHost, Of(LanHost)),
            (OwnContainer, Target, Of(Target)), (RemoteContainer, Target, Of(Target)), (Other, Target, Of(Target)), (Peer, Other, Of(Other)),
            (Other, LanHost, Of(LanHost)), (RemoteContainer, Victim, Of(Victim)),
        };
        foreach (var (from, to, address) in ways)
        {
            using Socket receiver = OpenReceiver(to, SentinelPort);
            using Socket sender = OpenSender(from, null);
            using var limit = new CancellationTokenSource(Limit);
            for (byte round = 0; round < 3; round++)
            {
                await sender.SendToAsync(new byte[] { SentinelTag }, new IPEndPoint(address, SentinelPort), limit.Token);
                await receiver.ReceiveAsync(new byte[16], limit.Token);
            }
        }
    }

    private void Drain()
    {
        Span<byte> buffer = stackalloc byte[64];
        foreach (Socket receiver in _receivers)
        {
            while (receiver.Available > 0)
            {
                receiver.Receive(buffer);
                var number = (SpoofingCase)buffer[0];
                _arrived[number] = _arrived.GetValueOrDefault(number) + 1;
            }
        }
    }

    private Socket OpenReceiver(LabNode node, int port) => node.Run(() =>
    {
        var socket = new Socket(Family, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(_isIPv6 ? IPAddress.IPv6Any : IPAddress.Any, port));
        return socket;
    });

    /// <summary>A socket that sends from the node's own address, or from one that it does not have.</summary>
    private Socket OpenSender(LabNode node, IPAddress? foreign) => node.Run(() =>
    {
        var socket = new Socket(Family, SocketType.Dgram, ProtocolType.Udp);
        if (foreign is null) return socket;
        socket.SetRawSocketOption(_isIPv6 ? 41 : 0, _isIPv6 ? IPV6_TRANSPARENT : IP_TRANSPARENT, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(foreign, 0));
        return socket;
    });

    private AddressFamily Family => _isIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;

    private IPAddress Of(LabNode node) => (_isIPv6 ? node.AddressIPv6 : node.Address)!;

    private IPAddress Second => IPAddress.Parse(_isIPv6 ? SecondAddressIPv6 : SecondAddress);

    private IPAddress InSubnet(int number, byte host)
    {
        byte[] bytes = (_isIPv6 ? BackendLab.KeyOf(number).IPv6!.Value : BackendLab.KeyOf(number).IPv4!.Value).BaseAddress.GetAddressBytes();
        bytes[^1] = host;
        return new IPAddress(bytes);
    }

    private PhysicalAddress MacOf(LabHost host) => host.Device(_isIPv6 ? "flannel-v6.1" : "flannel.1").Address!;
}
