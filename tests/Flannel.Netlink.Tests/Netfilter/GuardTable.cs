using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>A table with one of everything: who may send to a tunnel's port, and who may send what through it.</summary>
internal static class GuardTable
{
    internal const NftFamily Family = NftFamily.Inet;
    internal const string Name = "guard";

    internal static readonly NftTable Table = new(Family, Name) { Comment = "peers only" };

    internal static readonly NftSet Peers = new(Family, Name, "peers4") { Key = [NftDataType.IPv4Address], Comment = "who may send" };

    internal static readonly NftSet PeersIPv6 = new(Family, Name, "peers6") { Key = [NftDataType.IPv6Address] };

    internal static readonly NftSet Networks = new(Family, Name, "networks") { Key = [NftDataType.IPv4Address], IsInterval = true };

    internal static readonly NftSet Inner = new(Family, Name, "inner")
    {
        Key = [NftDataType.EthernetAddress, NftDataType.IPv4Address],
        IsInterval = true,
    };

    internal static readonly NftSet Subnets = new(Family, Name, "subnets") { Key = [NftDataType.EthernetAddress, NftDataType.IPv4Address] };

    internal static readonly NftSet Marks = new(Family, Name, "marks") { Key = [NftDataType.IPv4Address], Value = [NftDataType.Mark] };

    internal static readonly NftSet Verdicts = new(Family, Name, "verdicts")
    {
        Key = [NftDataType.IPv4Address, NftDataType.Port],
        Value = [NftDataType.Verdict],
    };

    internal static readonly ImmutableArray<NftSet> Sets = [Peers, PeersIPv6, Networks, Inner, Subnets, Marks, Verdicts];

    internal static readonly NftCounter Dropped = new(Family, Name, "dropped") { Comment = "not a peer" };

    internal static readonly ImmutableArray<NftChain> Chains =
    [
        new(Family, Name, "other"),
        new(Family, Name, "outer")
        {
            Base = new NftBaseChain(NftChainType.Filter, NftHook.Prerouting, -310),
            Comment = "what comes to the tunnel",
        },
        new(Family, Name, "closed") { Base = new NftBaseChain(NftChainType.Filter, NftHook.Forward, 0) { DropsByDefault = true } },
        new(Family, Name, "leaving") { Base = new NftBaseChain(NftChainType.Nat, NftHook.Postrouting, 100) },
    ];

    internal static readonly ImmutableArray<NftRule> Rules =
    [
        Rule("other", new NftCount(), NftVerdict.Accept),
        Rule(
            "outer",
            [
                .. NftMatch.Is(NftField.TransportProtocol, NftValue.OfByte(17)),
                .. NftMatch.Is(NftField.DestinationPort, NftValue.OfNetworkUInt16(8472)),
                .. NftMatch.Is(NftField.NetworkProtocol, NftValue.OfByte((byte)NftFamily.IPv4)),
                .. NftMatch.NotInSet("peers4", NftField.IPv4Source),
                new NftCountIn("dropped"),
                NftVerdict.Drop,
            ]) with { Comment = "not a peer" },
        Rule(
            "outer",
            [
                .. NftMatch.Is(NftField.InputInterfaceName, NftValue.OfInterfaceName("flannel.1")),
                .. NftMatch.Is(NftField.InputInterfaceType, NftValue.OfUInt16(1)),
                .. NftMatch.Is(NftField.EtherType, NftValue.OfNetworkUInt16(0x0800)),
                .. NftMatch.InSet("inner", NftField.EthernetSource, NftField.IPv4Source),
                NftVerdict.Jump("other"),
            ]),
        Rule(
            "outer",
            [
                .. NftMatch.Is(NftField.InputInterface, NftValue.OfUInt32(1)),
                .. NftMatch.Has(NftField.Mark, NftValue.OfUInt32(0x4000), NftValue.OfUInt32(0x4000)),
                new NftLimit(5),
                new NftCount(),
                NftVerdict.Return,
            ]),
        Rule(
            "outer",
            [
                .. NftMatch.Is(NftField.InputInterfaceType, NftValue.OfUInt16(1)),
                .. NftMatch.Is(NftField.EtherType, NftValue.OfNetworkUInt16(0x0800)),
                .. NftMatch.InSet(
                    "subnets", NftField.EthernetSource, NftField.IPv4Source.Masked(NftValue.MaskOf(IPNetwork.Parse("10.5.1.0/24")))),
                NftVerdict.Accept,
            ]),
        Rule(
            "outer", new NftAddressType(NftAddressTypeFlags.Source), new NftCompare(NftCompareOperator.Equal, NftValue.OfUInt32(2)), NftVerdict.Drop),
        Rule(
            "closed",
            [
                new NftConntrack(NftConntrackKey.State),
                new NftBitwise(NftValue.OfUInt32(6), NftValue.OfUInt32(0)),
                new NftCompare(NftCompareOperator.NotEqual, NftValue.OfUInt32(0)),
                NftVerdict.Accept,
            ]),
        Rule(
            "closed",
            [
                .. NftMatch.Is(NftField.OutputInterface, NftValue.OfUInt32(1)),
                .. NftMatch.Is(NftField.NetworkProtocol, NftValue.OfByte((byte)NftFamily.IPv6)),
                .. NftMatch.InSet("peers6", NftField.IPv6Source),
                NftVerdict.Accept,
            ]),
        Rule(
            "leaving",
            [
                .. NftMatch.Is(NftField.NetworkProtocol, NftValue.OfByte((byte)NftFamily.IPv4)),
                .. NftMatch.In(NftField.IPv4Source, IPNetwork.Parse("10.5.0.0/20")),
                .. NftMatch.In(NftField.IPv4Destination, IPNetwork.Parse("224.0.0.0/4"), isNot: true),
                new NftMasquerade(NftMasqueradeFlags.RandomFully),
            ]),
    ];

    /// <summary>The table with one or two elements in each set.</summary>
    internal static NftablesBatch Add()
    {
        var batch = new NftablesBatch();
        batch.ReplaceTable(Table);
        foreach (NftChain chain in Chains)
            batch.AddChain(chain);
        batch.AddCounter(Dropped);
        foreach (NftSet set in Sets)
        {
            batch.AddSet(set);
            batch.AddElements(set, [.. Elements(set)]);
        }

        foreach (NftRule rule in Rules)
            batch.AddRule(rule);
        return batch;
    }

    internal static IEnumerable<NftElement> Elements(NftSet set) => set.Name switch
    {
        "peers4" => [NftElement.Of(IPAddress.Parse("192.0.2.1")), NftElement.Of(IPAddress.Parse("192.0.2.2"))],
        "peers6" => [NftElement.Of(IPAddress.Parse("2001:db8::1"))],
        "networks" =>
        [
            NftElement.Of(IPNetwork.Parse("10.0.0.0/8")),
            NftElement.Of(IPNetwork.Parse("11.0.0.0/8")),
            NftElement.Of(IPAddress.Parse("192.0.2.1")),
            NftElement.Of(IPNetwork.Parse("240.0.0.0/4")),
        ],
        "inner" => [InnerElement(1), InnerElement(2)],
        "subnets" => [SubnetElement(1), SubnetElement(2)],
        "marks" => [NftElement.Of(IPAddress.Parse("192.0.2.1")) with { Value = NftValue.OfUInt32(5) }],
        _ =>
        [
            new NftElement(NftValue.Concat(NftValue.Of(IPAddress.Parse("192.0.2.1")), NftValue.OfNetworkUInt16(80))) { Verdict = NftVerdict.Drop },
            new NftElement(
                NftValue.Concat(NftValue.Of(IPAddress.Parse("192.0.2.1")), NftValue.OfNetworkUInt16(81))) { Verdict = NftVerdict.Jump("other") },
        ],
    };

    /// <summary>The n-th peer's address with its subnet of 256 addresses.</summary>
    internal static NftElement InnerElement(int n)
    {
        NftValue mac = NftValue.Of(new PhysicalAddress([2, 0, 0, (byte)(n >> 16), (byte)(n >> 8), (byte)n]));
        byte[] subnet = [(byte)(10 + (n >> 16)), (byte)(n >> 8), (byte)n, 0];
        byte[] last = [.. subnet[..3], 255];
        return NftElement.Range(NftValue.Concat(mac, new NftValue(subnet)), NftValue.Concat(mac, new NftValue(last)));
    }

    /// <summary>The same without its end: what is looked up is the network of the packet's source.</summary>
    internal static NftElement SubnetElement(int n) => new(InnerElement(n).Key);

    private static NftRule Rule(string chain, params ImmutableArray<NftExpression> expressions) =>
        new(Family, Name, chain) { Expressions = expressions };
}
