using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Containers.Ports;

/// <summary>
/// Mapped ports of one address family: a table of nftables with two maps from protocol and port to the container's address and port, one of them with
/// the host's address in front. A container is an element of a map, never a rule.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class PortTable
{
    private const int Raw = -300;
    private const int DestinationNat = -100;
    private const int SourceNat = 100;
    private const uint IsTranslated = 0x20; // IPS_DST_NAT
    private const uint Local = 2; // RTN_LOCAL
    private const int ValueSlot = 8;
    private const string Mapped = "mapped";

    // Of a map without a size, which grows in the background, the kernel may leave out elements when it is read: a port would not be given back.
    private const int MostPorts = 16384;

    private static readonly IPNetwork Localnet = IPNetwork.Parse("127.0.0.0/8");

    private readonly NftablesNetlink _netlink;
    private readonly TrackedDatagrams _datagrams;
    private readonly AddressFamily _addressFamily;
    private readonly NftFamily _family;
    private readonly string _name;
    private readonly bool _isIPv4;
    private readonly ContainerNetworkOptions _options;
    private readonly NftSet _everywhere;
    private readonly NftSet _atAddress;
    private readonly Lock _lock = new();
    private IPNetwork? _written;

    public PortTable(NftablesNetlink netlink, TrackedDatagrams datagrams, AddressFamily family, ContainerNetworkOptions options)
    {
        (_netlink, _datagrams, _addressFamily) = (netlink, datagrams, family);
        _options = options;
        _isIPv4 = family == AddressFamily.InterNetwork;
        _family = _isIPv4 ? NftFamily.IPv4 : NftFamily.IPv6;
        _name = $"flannel-ports-{options.NetworkName}";
        NftDataType address = _isIPv4 ? NftDataType.IPv4Address : NftDataType.IPv6Address;
        _everywhere = new NftSet(_family, _name, "ports")
        {
            Key = [NftDataType.TransportProtocol, NftDataType.Port],
            Value = [address, NftDataType.Port],
            Size = MostPorts,
        };
        _atAddress = new NftSet(_family, _name, "ports-at-address")
        {
            Key = [address, NftDataType.TransportProtocol, NftDataType.Port],
            Value = [address, NftDataType.Port],
            Size = MostPorts,
        };
    }

    private int AddressLength => _isIPv4 ? 4 : 16;

    private NftPayload Destination => new(NftHeader.Network, _isIPv4 ? 16 : 24, AddressLength);

    /// <summary>Maps ports to a container; all of them or none.</summary>
    /// <exception cref="ContainerNetworkException">A port leads to another container.</exception>
    public void Set(IPAddress container, IPNetwork subnet, IReadOnlyList<PortMapping> mappings)
    {
        List<(NftSet Map, NftElement Element, PortMapping Mapping)> wanted =
            [.. mappings.Where(Concerns).Select(mapping => Element(container, mapping))];
        if (wanted.Count == 0) return;
        lock (_lock)
        {
            var batch = new NftablesBatch();
            if (_written != subnet || _netlink.GetTables(_family).All(table => table.Name != _name)) Write(batch, subnet);
            foreach ((NftSet map, NftElement element, _) in wanted) batch.AddElements(map, [element]);
            try
            {
                _netlink.Execute(batch);
                _written = subnet;
            }
            catch (NetlinkException exception) when (exception.ErrorName is "EBUSY" or "EEXIST")
            {
                throw Taken(wanted, exception);
            }
        }

        // Who sent before the port was mapped, or to a container that was killed with it.
        HashSet<int> ports = [.. wanted.Select(static one => one.Mapping).Where(static mapping => mapping.Protocol == PortProtocol.Udp)
            .Select(static mapping => mapping.HostPort)];
        if (ports.Count == 0) return;
        _datagrams.Forget(
            _addressFamily,
            tracked => ports.Contains(tracked.Port)
                && (tracked.Translated is not { } answering || (subnet.Contains(answering) && !answering.Equals(container))));
    }

    /// <summary>Gives back the ports that lead to these containers.</summary>
    public void Remove(Func<IPAddress, bool> isOfContainer)
    {
        var batch = new NftablesBatch();
        HashSet<IPAddress> receivers = [];
        foreach (NftSet map in new[] { _everywhere, _atAddress })
        {
            List<NftElement> elements = [.. Read(map).Where(element => isOfContainer(TargetOf(element).Address))];
            if (elements.Count > 0) batch.DeleteElements(map, elements);
            receivers.UnionWith(elements.Where(element => ProtocolOf(map, element) == PortProtocol.Udp).Select(element => TargetOf(element).Address));
        }

        try
        {
            _netlink.Execute(batch);
            if (receivers.Count > 0)
                _datagrams.Forget(_addressFamily, tracked => tracked.Translated is { } answering && receivers.Contains(answering));
        }
        catch (NetlinkException exception) when (exception.IsNotFound)
        {
            // Somebody else was quicker with one of them; the others are still there.
            if (batch.Count > 0) Remove(isOfContainer);
        }
    }

    /// <summary>The mappings that are missing.</summary>
    public IEnumerable<PortMapping> FindMissing(IPAddress container, IReadOnlyList<PortMapping> mappings)
    {
        ILookup<bool, NftElement> found = new[] { _everywhere, _atAddress }.SelectMany(
            map => Read(map).Select(element => (map == _everywhere, element))).ToLookup(static pair => pair.Item1, static pair => pair.element);
        return mappings.Where(Concerns)
            .Where(mapping => Element(container, mapping) is var (map, element, _) && !found[map == _everywhere].Contains(element));
    }

    private bool Concerns(PortMapping mapping) =>
        mapping.HostAddress is not { } host || (host.AddressFamily == AddressFamily.InterNetwork) == _isIPv4;

    private (NftSet, NftElement, PortMapping) Element(IPAddress container, PortMapping mapping)
    {
        NftValue protocol = NftValue.OfByte((byte)mapping.Protocol), port = NftValue.OfNetworkUInt16((ushort)mapping.HostPort);
        NftValue target = NftValue.Concat(NftValue.Of(container), NftValue.OfNetworkUInt16((ushort)mapping.ContainerPort));
        return mapping.HostAddress is { } host && !host.Equals(IPAddress.Any) && !host.Equals(IPAddress.IPv6Any)
            ? (_atAddress, new NftElement(NftValue.Concat(NftValue.Of(host), protocol, port)) { Value = target }, mapping)
            : (_everywhere, new NftElement(NftValue.Concat(protocol, port)) { Value = target }, mapping);
    }

    // Values in a concatenated key begin at multiples of four bytes.
    private PortProtocol ProtocolOf(NftSet map, NftElement element) => (PortProtocol)element.Key.Bytes[map == _atAddress ? AddressLength : 0];

    private (IPAddress Address, int Port) TargetOf(NftElement element) =>
        element.Value is { } value
            ? (new IPAddress(value.Bytes[..AddressLength]), (value.Bytes[AddressLength] << 8) | value.Bytes[AddressLength + 1])
            : (IPAddress.None, 0);

    private IReadOnlyList<NftElement> Read(NftSet map)
    {
        try
        {
            return _netlink.GetElements(map);
        }
        catch (NetlinkException exception) when (exception.IsNotFound)
        {
            return [];
        }
    }

    private ContainerNetworkException Taken(List<(NftSet Map, NftElement Element, PortMapping Mapping)> wanted, NetlinkException exception)
    {
        foreach ((NftSet map, NftElement element, PortMapping mapping) in wanted)
        {
            foreach (NftElement other in Read(map).Where(other => other.Key == element.Key && other.Value != element.Value))
            {
                return new ContainerNetworkException(
                    ContainerNetworkError.PortTaken,
                    $"The host's port {mapping.HostPort}/{mapping.Protocol} leads to {TargetOf(other).Address} already. Choose another one, or " +
                    "detach that container.",
                    exception);
            }
        }

        return new ContainerNetworkException(
            ContainerNetworkError.PortTaken,
            $"One of the host's ports {string.Join(", ", wanted.Select(static one => one.Mapping.HostPort))} leads to another container. " +
            "Choose others.",
            exception);
    }

    /// <summary>Everything but the elements, which stay.</summary>
    private void Write(NftablesBatch batch, IPNetwork subnet)
    {
        batch.AddTable(new NftTable(_family, _name) { Comment = "flannel: ports of the host that lead to containers" });
        batch.AddSet(_everywhere);
        batch.AddSet(_atAddress);
        AddChain(batch, Mapped, null);
        AddChain(batch, "prerouting", new NftBaseChain(NftChainType.Nat, NftHook.Prerouting, DestinationNat));
        AddChain(batch, "output", new NftBaseChain(NftChainType.Nat, NftHook.Output, DestinationNat));
        AddChain(batch, "postrouting", new NftBaseChain(NftChainType.Nat, NftHook.Postrouting, SourceNat));
        int port = AddressLength / 4;
        AddRule(batch, Mapped, [Destination, .. Key(port), new NftLookup(_atAddress.Name) { ValueSlot = ValueSlot }, Translate]);
        AddRule(batch, Mapped, [.. Key(0), new NftLookup(_everywhere.Name) { ValueSlot = ValueSlot }, Translate]);
        foreach (string chain in new[] { "prerouting", "output" })
        {
            AddRule(
                batch,
                chain,
                [
                    new NftAddressType(NftAddressTypeFlags.Destination),
                    new NftCompare(NftCompareOperator.Equal, NftValue.OfUInt32(Local)),
                    NftVerdict.Jump(Mapped),
                ]);
        }

        NftField source = _isIPv4 ? NftField.IPv4Source : NftField.IPv6Source,
            destination = _isIPv4 ? NftField.IPv4Destination : NftField.IPv6Destination;

        // A container's answer to its neighbour, or to itself, would not come by here otherwise.
        AddRule(batch, "postrouting", [.. Translated, .. NftMatch.In(source, subnet), .. NftMatch.In(destination, subnet), new NftMasquerade()]);
        if (!_isIPv4 || !_options.MapLocalhost) return;
        AddRule(batch, "postrouting", [.. Translated, .. NftMatch.In(source, Localnet), new NftMasquerade()]);

        // route_localnet would let containers reach what the host serves at 127.0.0.1.
        AddChain(batch, "localnet", new NftBaseChain(NftChainType.Filter, NftHook.Prerouting, Raw));
        AddRule(
            batch,
            "localnet",
            [
                .. NftMatch.In(destination, Localnet),
                .. NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName("lo"), isNot: true),
                NftVerdict.Drop,
            ]);
    }

    private static ImmutableArray<NftExpression> Translated =>
    [
        new NftConntrack(NftConntrackKey.Status),
        new NftBitwise(NftValue.OfUInt32(IsTranslated), NftValue.OfUInt32(0)),
        new NftCompare(NftCompareOperator.NotEqual, NftValue.OfUInt32(0)),
    ];

    private NftDestinationNat Translate => new(_family, ValueSlot, ValueSlot + (AddressLength / 4));

    private static NftExpression[] Key(int slot) =>
        [new NftMeta(NftMetaKey.TransportProtocol, slot), new NftPayload(NftHeader.Transport, 2, 2, slot + 1)];

    private void AddChain(NftablesBatch batch, string name, NftBaseChain? entry)
    {
        batch.AddChain(new NftChain(_family, _name, name) { Base = entry });
        batch.FlushChain(_family, _name, name);
    }

    private void AddRule(NftablesBatch batch, string chain, ImmutableArray<NftExpression> expressions) =>
        batch.AddRule(new NftRule(_family, _name, chain) { Expressions = expressions });
}
