using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Numerics;
using Flannel.Extensibility;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Linux.Guard;

/// <summary>
/// The guard as tables of nftables, without the elements of their sets. Packets to the tunnel's port are judged where they are whole, at input and
/// forward, so that no fragment slips through; what comes out of the tunnel, before anything else has seen it: at its device, where no other packet
/// pays for it, or, if the kernel has no chains there, at prerouting.
/// </summary>
internal sealed partial class GuardTable
{
    public const string SendersName = "senders";

    private const string PeersName = "peers";
    private const string SourcesPrefix = "sources";
    private const string Input = "input";
    private const string Forward = "forward";
    private const string Prerouting = "prerouting";
    private const string ToPort = "to-port";
    private const string ToPeers = "to-peers";
    private const string FromPeer = "from-peer";
    private const string AsOwn = "as-own";
    private const string Leaving = "leaving";
    private const string FromTunnel = "from-tunnel";

    /// <summary>
    /// The priority (<c>SO_PRIORITY</c>) of packets that were judged at the port. Queues take it for 0: its last bits are those of 0, and no queue
    /// has such a handle.
    /// </summary>
    private const uint Judged = 0xf1a7_0010;

    private const int BeforeConnectionTracking = -310;
    private const int BeforeFilters = -10;
    private const int SmallestCapacity = 1024;
    private const ushort Ethernet = 1; // ARPHRD_ETHER
    private const byte UdpProtocol = 17;
    private const ushort IPv4Protocol = 0x0800; // EtherTypes
    private const ushort IPv6Protocol = 0x86dd;
    private const ushort ArpProtocol = 0x0806;

    private readonly GuardedTunnel _tunnel;
    private readonly GuardOptions _options;
    private readonly NetworkFamily _family;
    private readonly IPNetwork? _ownSubnet;
    private readonly ImmutableArray<int> _lengths;
    private readonly bool _knowsInterfaces;
    private readonly NftFamily _fromTunnel; // the family of the table that judges what comes out of the tunnel
    private readonly Dictionary<int, NftSet> _sets = [];
    private readonly List<NftChain> _chains = [];
    private readonly List<NftRule> _rules = [];

    /// <summary>Puts the table together.</summary>
    /// <param name="name">The table's name.</param>
    /// <param name="tunnel">What is guarded.</param>
    /// <param name="options">What is let pass.</param>
    /// <param name="family">The address family.</param>
    /// <param name="ownSubnet">The host's own subnet; <see langword="null"/> while it has none, and gets nothing.</param>
    /// <param name="lengths">How many bits of inner sources count, each once.</param>
    /// <param name="members">How many elements the largest set gets.</param>
    /// <param name="isAtDevice">Whether the kernel has chains at devices.</param>
    /// <param name="knowsInterfaces">Whether the kernel's filter knows kinds of interfaces and the routing tables.</param>
    public GuardTable(
        string name,
        GuardedTunnel tunnel,
        GuardOptions options,
        NetworkFamily family,
        IPNetwork? ownSubnet,
        IEnumerable<int> lengths,
        int members,
        bool isAtDevice,
        bool knowsInterfaces)
    {
        Name = name;
        _fromTunnel = isAtDevice && tunnel.Device is not null ? NftFamily.NetDevice : NftFamily.Inet;
        Capacity = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(SmallestCapacity, 2 * members));
        (_tunnel, _options, _family, _ownSubnet, _knowsInterfaces) = (tunnel, options, family, ownSubnet, knowsInterfaces);
        _lengths = tunnel.Device is null ? [] : [.. lengths.Where(static length => length > 0).Order()];
        Tables = [.. Families.Select(table => new NftTable(table, name) { Comment = "flannel: keeps strangers out of the tunnel" })];
        if (tunnel.Port is not null) _sets.Add(0, MakePeers());
        foreach (int length in _lengths)
        {
            string sources = SourcesPrefix + length.ToString(CultureInfo.InvariantCulture);
            _sets.Add(length, new NftSet(_fromTunnel, name, sources) { Key = [NftDataType.EthernetAddress, AddressType], Size = Capacity });
        }

        SenderElements = FindSenders();
        if (tunnel.Port is not null && SenderElements.Length > 0)
            Senders = new NftSet(NftFamily.Inet, name, SendersName) { Key = [AddressType], IsInterval = true };
        if (tunnel.Port is { } port) AddPortChains(port);
        if (tunnel.ExternalInterface is { } external) AddExternalChain(external);
        if (tunnel.Device is { } device) AddTunnelChains(device);
        if (_rules.Exists(static rule => rule.Chain == Forward)) Chain(Forward, NftHook.Forward, BeforeFilters);
        Counters = [.. _rules.SelectMany(CountersOf).Distinct()];
    }

    /// <summary>The families that a guard may have a table of.</summary>
    public static ImmutableArray<NftFamily> AllFamilies { get; } = [NftFamily.Inet, NftFamily.NetDevice];

    public string Name { get; }

    /// <summary>One table, or one for the port and one for the device.</summary>
    public ImmutableArray<NftTable> Tables { get; }

    /// <summary>Their families.</summary>
    public ImmutableArray<NftFamily> Families => _fromTunnel == NftFamily.Inet ? [NftFamily.Inet] : AllFamilies;

    /// <summary>
    /// How many elements each set of members has room for. A set of a known size is quicker to fill and to search; one that is too small is made
    /// again.
    /// </summary>
    public int Capacity { get; }

    public IEnumerable<NftSet> Sets => Senders is null ? _sets.Values : _sets.Values.Append(Senders);

    /// <summary>The lengths of <see cref="GuardMember"/> that have a set.</summary>
    public IReadOnlyCollection<int> Lengths => _sets.Keys;

    /// <summary>The set of who may send beside the peers; <see langword="null"/> for nobody.</summary>
    public NftSet? Senders { get; }

    /// <summary>The elements of <see cref="Senders"/>.</summary>
    public ImmutableArray<NftElement> SenderElements { get; }

    public ImmutableArray<NftCounter> Counters { get; }

    public IReadOnlyList<NftChain> Chains => _chains;

    public IReadOnlyList<NftRule> Rules => _rules;

    /// <summary>The name of a counter.</summary>
    public static string NameOf(GuardDrop drop) => drop switch
    {
        GuardDrop.UnknownSender => "unknown_sender",
        GuardDrop.Container => "container",
        GuardDrop.ForeignSource => "foreign_source",
        _ => "foreign_destination",
    };

    private NftField Source => _family.IsIPv6 ? NftField.IPv6Source : NftField.IPv4Source;

    private NftField Destination => _family.IsIPv6 ? NftField.IPv6Destination : NftField.IPv4Destination;

    private NftDataType AddressType => _family.IsIPv6 ? NftDataType.IPv6Address : NftDataType.IPv4Address;

    /// <summary>The packet is of the family. Each rule that looks at addresses says so, so that nft can show them as such.</summary>
    private ImmutableArray<NftExpression> IsOfFamily => NftMatch.Is(NftField.NetworkProtocol, Protocol);

    /// <summary>The addresses that peers and the host itself know it by.</summary>
    private IEnumerable<IPAddress> OwnAddresses => new[] { _family.InterfaceAddress, _family.PublicAddress }.Distinct();

    /// <summary>Sources that nothing has that comes from outside.</summary>
    private IEnumerable<IPNetwork> OwnNetworks =>
    [
        .. _ownSubnet is { } subnet ? new[] { subnet } : [],
        .. OwnAddresses.Select(static address => new IPNetwork(address, address.GetAddressBytes().Length * 8)),
        _family.IsIPv6 ? new IPNetwork(IPAddress.IPv6Loopback, 128) : IPNetwork.Parse("127.0.0.0/8"),
    ];

    /// <summary>The same of what comes out of the tunnel. Tables of devices know no <see cref="NftField.NetworkProtocol"/>.</summary>
    private ImmutableArray<NftExpression> IsOfFamilyInTunnel => _fromTunnel == NftFamily.NetDevice
        ? NftMatch.Is(NftField.Protocol, NftValue.OfNetworkUInt16(_family.IsIPv6 ? IPv6Protocol : IPv4Protocol))
        : IsOfFamily;

    private NftValue Protocol => NftValue.OfByte((byte)(_family.IsIPv6 ? NftFamily.IPv6 : NftFamily.IPv4));

    /// <summary>Whether members of this length have a set. Where packets have no MAC, only their senders do.</summary>
    public bool HasSetFor(int length) => _sets.ContainsKey(length);

    /// <summary>The set of members of this length.</summary>
    public NftSet SetFor(int length) => _sets[length];

    /// <summary>The ranges of the options that are of this family. A range inside another one would be refused.</summary>
    private ImmutableArray<NftElement> FindSenders()
    {
        var ranges = new List<IPNetwork>();
        foreach (IPNetwork range in _options.Senders.Select(ToNetwork).Where(range => range.BaseAddress.AddressFamily == _family.Family)
            .OrderBy(static range => range.PrefixLength))
        {
            if (!ranges.Exists(wider => wider.Contains(range.BaseAddress))) ranges.Add(range);
        }

        return [.. ranges.Select(static range => NftElement.Of(range))];

        static IPNetwork ToNetwork(string text) =>
            IPNetwork.TryParse(text, out IPNetwork network)
                ? network
                : new IPNetwork(IPAddress.Parse(text), IPAddress.Parse(text).GetAddressBytes().Length * 8);
    }

    private void AddTunnelChains(string device)
    {
        bool isAtDevice = _fromTunnel == NftFamily.NetDevice;
        string chain = isAtDevice ? FromTunnel : Prerouting;
        NftHook hook = isAtDevice ? NftHook.Ingress : NftHook.Prerouting;
        if (isAtDevice || _tunnel.ExternalInterface is null)
        {
            _chains.Add(new NftChain(_fromTunnel, Name, chain)
            {
                Base = new NftBaseChain(NftChainType.Filter, hook, BeforeConnectionTracking) { Device = isAtDevice ? device : null },
            });
        }

        if (!isAtDevice) Rule(chain, [.. NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(device), isNot: true), NftVerdict.Accept]);

        // At the port the segments of a super-packet are one packet, judged by the first of them. If that one is another network's, nobody has judged
        // the others, which have no priority.
        if (_tunnel.Port is not null)
        {
            DropFromTunnel(
                chain, GuardDrop.UnknownSender, NftMatch.Is(NftField.Priority, NftValue.OfUInt32(Judged), isNot: true));
        }

        // What passes is found by the first rule that looks for it; the rest says why the others do not.
        ImmutableArray<NftExpression>? toHere = _options.AcceptForeignDestinations
            ? []
            : _ownSubnet is { } own ? NftMatch.In(Destination, own) : null;
        IEnumerable<ImmutableArray<NftExpression>> sources = _options.AcceptForeignSources ? [IsOfFamilyInTunnel] : _lengths.Select(HasSource);
        if (_options.AcceptForeignSources)
        {
            foreach (IPNetwork mine in OwnNetworks)
                DropFromTunnel(chain, GuardDrop.ForeignSource, [.. IsOfFamilyInTunnel, .. NftMatch.In(Source, mine)]);
        }

        if (toHere is { } here) AddRules(source => Rule(_fromTunnel, chain, [.. source, .. here, NftVerdict.Accept]));
        if (!_options.AcceptForeignDestinations) AddRules(source => DropFromTunnel(chain, GuardDrop.ForeignDestination, source));

        // Chains at devices see other packets than IP. Of those, one with two VLAN tags of 0 becomes IP behind this chain. Nobody needs ARP: hosts
        // know their peers' MACs from the leases, and whoever asks as thousands of hosts would fill the table of neighbours, which all namespaces
        // share.
        if (isAtDevice) Rule(_fromTunnel, chain, [.. NftMatch.Is(NftField.Protocol, NftValue.OfNetworkUInt16(ArpProtocol)), NftVerdict.Drop]);
        DropFromTunnel(chain, GuardDrop.ForeignSource, []);

        if (_ownSubnet is { } subnet && _knowsInterfaces) AddLeavingRules(device, subnet);

        void AddRules(Action<ImmutableArray<NftExpression>> add)
        {
            foreach (ImmutableArray<NftExpression> source in sources) add(source);
        }
    }

    /// <summary>
    /// What came to the own subnet does not leave over the external interface, as it would by the default route where there is no container. If that
    /// is a bridge, the containers may be there.
    /// </summary>
    private void AddLeavingRules(string device, IPNetwork own)
    {
        Chain(Leaving);
        Rule(
            Forward,
            [
                .. NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(device)),
                .. NftMatch.Is(NftField.OutputInterfaceName, NftValue.OfInterfaceName(_family.ExternalName)),
                .. IsOfFamily,
                .. NftMatch.In(Destination, own),
                NftVerdict.Jump(Leaving),
            ]);
        Rule(Leaving, [.. NftMatch.Is(NftField.OutputInterfaceKind, NftValue.OfInterfaceName("bridge")), NftVerdict.Return]);
        Drop(Leaving, GuardDrop.ForeignDestination, []);
    }

    /// <summary>
    /// What peers send comes as it is, so that nothing says who sent it; but what this host's containers send comes neither over the external
    /// interface nor over another one that leads to no container: it is of another kind, and no route to the sender leads there.
    /// </summary>
    private void AddExternalChain(string external)
    {
        Chain(Prerouting, NftHook.Prerouting, BeforeConnectionTracking);
        if (_ownSubnet is not { } own) return;
        Chain(AsOwn);
        Rule(Prerouting, [.. IsOfFamily, .. NftMatch.In(Source, own), NftVerdict.Jump(AsOwn)]);
        Drop(AsOwn, GuardDrop.ForeignSource, NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName(external)));
        if (!_knowsInterfaces) return;
        foreach (string kind in ContainerKinds)
            Rule(AsOwn, [.. NftMatch.Is(NftField.InputInterfaceKind, NftValue.OfInterfaceName(kind)), NftVerdict.Return]);
        Rule(AsOwn, [.. HasRouteBack, NftVerdict.Return]);
        Drop(AsOwn, GuardDrop.ForeignSource, []);
    }

    /// <summary>The MAC and the first bits of the source are in the set of this length.</summary>
    private ImmutableArray<NftExpression> HasSource(int length)
    {
        IPNetwork mask = new(_family.IsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, length);
        NftField bits = length == Source.Length * 8 ? Source : Source.Masked(NftValue.MaskOf(mask));
        // for nft, which else shows bare bytes
        ImmutableArray<NftExpression> isEthernet = NftMatch.Is(NftField.InputInterfaceType, NftValue.OfUInt16(Ethernet));
        return [.. IsOfFamilyInTunnel, .. isEthernet, .. NftMatch.InSet(SetFor(length).Name, NftField.EthernetSource, bits)];
    }

    private static IEnumerable<NftCounter> CountersOf(NftRule rule) =>
        rule.Expressions.OfType<NftCountIn>().Select(count => new NftCounter(rule.Family, rule.Table, count.Counter));

    private void Chain(string name) => _chains.Add(new NftChain(NftFamily.Inet, Name, name));

    private void Chain(string name, NftHook hook, int priority) =>
        _chains.Add(new NftChain(NftFamily.Inet, Name, name) { Base = new NftBaseChain(NftChainType.Filter, hook, priority) });

    private void Drop(string chain, GuardDrop reason, ImmutableArray<NftExpression> match) => Drop(NftFamily.Inet, chain, reason, match);

    private void DropFromTunnel(string chain, GuardDrop reason, ImmutableArray<NftExpression> match) => Drop(_fromTunnel, chain, reason, match);

    private void Drop(NftFamily table, string chain, GuardDrop reason, ImmutableArray<NftExpression> match) =>
        Rule(table, chain, [.. match, new NftCountIn(NameOf(reason)), NftVerdict.Drop]);

    private void Rule(string chain, ImmutableArray<NftExpression> expressions) => Rule(NftFamily.Inet, chain, expressions);

    private void Rule(NftFamily table, string chain, ImmutableArray<NftExpression> expressions) =>
        _rules.Add(new NftRule(table, Name, chain) { Expressions = expressions });
}
