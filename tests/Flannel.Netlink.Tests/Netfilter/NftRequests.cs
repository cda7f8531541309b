using System.Net;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using static Flannel.Netlink.Tests.Netfilter.GuardTable;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>One request of every kind, under the names of the frames captured from nft.</summary>
internal static class NftRequests
{
    private static readonly NftField InnerMac = new(NftHeader.Transport, 22, 6);

    private static readonly Dictionary<string, Action<NftablesBatch>> Queue = new()
    {
        ["table-add"] = b => b.AddTable(Table),
        ["chain-add"] = b => b.AddChain(Chains[0]),
        ["chain-add-base"] = b => b.AddChain(Chains[1]),
        ["chain-add-drop"] = b => b.AddChain(Chains[2]),
        ["chain-add-nat"] = b => b.AddChain(Chains[3]),
        ["chain-add-device"] = b => b.AddChain(new NftChain(NftFamily.NetDevice, Name, "tunnel")
        {
            Base = new NftBaseChain(NftChainType.Filter, NftHook.Ingress, -310) { Device = "flannel.1" },
        }),
        ["counter-add"] = b => b.AddCounter(Dropped),
        ["set-add"] = b => b.AddSet(Peers),
        ["set-add-ipv6"] = b => b.AddSet(PeersIPv6),
        ["set-add-interval"] = b => b.AddSet(Networks),
        ["set-add-concatenated-interval"] = b => b.AddSet(Inner),
        ["set-add-concatenated"] = b => b.AddSet(Subnets),
        ["set-add-field"] = b => b.AddSet(new NftSet(Family, Name, "inner4") { Key = [NftDataType.Bytes], KeyFields = [InnerMac] }),
        ["set-add-fields"] = b => b.AddSet(new NftSet(Family, Name, "fields4")
        {
            Key = [NftDataType.IPv4Address, NftDataType.Bytes],
            KeyFields = [NftField.IPv4Source, InnerMac],
            Size = 1024,
        }),
        ["set-add-fields-ipv6"] = b => b.AddSet(new NftSet(Family, Name, "fields6")
        {
            Key = [NftDataType.IPv6Address, NftDataType.Bytes],
            KeyFields = [NftField.IPv6Source, InnerMac],
            Comment = "who may send",
        }),
        ["set-add-destinations"] = b => b.AddSet(new NftSet(Family, Name, "destinations")
        {
            Key = [NftDataType.IPv4Address, NftDataType.IPv6Address, NftDataType.Bytes, NftDataType.Bytes],
            KeyFields = [NftField.IPv4Destination, NftField.IPv6Destination, new NftField(NftHeader.Network, 1, 2), NftField.EthernetDestination],
        }),
        ["map-add"] = b => b.AddSet(Marks),
        ["map-add-verdict"] = b => b.AddSet(Verdicts),
        ["elements-add"] = b => b.AddElements(Peers, [.. Elements(Peers)]),
        ["elements-add-ipv6"] = b => b.AddElements(PeersIPv6, [.. Elements(PeersIPv6)]),
        ["elements-add-interval"] = b => b.AddElements(Networks, [.. Elements(Networks)]),
        ["elements-add-concatenated-interval"] = b => b.AddElements(Inner, [.. Elements(Inner)]),
        ["elements-add-concatenated"] = b => b.AddElements(Subnets, [.. Elements(Subnets)]),
        ["elements-add-map"] = b => b.AddElements(Marks, [.. Elements(Marks)]),
        ["elements-add-verdict"] = b => b.AddElements(Verdicts, [.. Elements(Verdicts)]),
        ["rule-add-0"] = b => b.AddRule(Rules[0]),
        ["rule-add-1"] = b => b.AddRule(Rules[1]),
        ["rule-add-2"] = b => b.AddRule(Rules[2]),
        ["rule-add-3"] = b => b.AddRule(Rules[3]),
        ["rule-add-4"] = b => b.AddRule(Rules[4]),
        ["rule-add-5"] = b => b.AddRule(Rules[5]),
        ["rule-add-6"] = b => b.AddRule(Rules[6]),
        ["rule-add-7"] = b => b.AddRule(Rules[7]),
        ["rule-add-8"] = b => b.AddRule(Rules[8]),
        ["rule-add-route-interface"] = b => b.AddRule(new NftRule(Family, Name, "outer")
        {
            Expressions =
            [
                new NftRouteInterface(NftAddressTypeFlags.Source | NftAddressTypeFlags.InputInterface),
                new NftCompare(NftCompareOperator.NotEqual, NftValue.OfUInt32(0)),
                NftVerdict.Accept,
            ],
        }),
        ["rule-add-kind"] = b => b.AddRule(new NftRule(Family, Name, "outer")
        {
            Expressions = [.. NftMatch.Is(NftField.InputInterfaceKind, NftValue.OfInterfaceName("veth")), NftVerdict.Drop],
        }),
        ["rule-insert"] = b => b.InsertRule(Rules[0]),
        ["rule-replace"] = b => b.ReplaceRule(Rules[0] with { Handle = 22 }),
        ["rule-delete"] = b => b.DeleteRule(Rules[0] with { Handle = 22 }),
        ["chain-flush"] = b => b.FlushChain(Family, Name, "outer"),
        ["elements-delete"] = b => b.DeleteElements(Peers, [.. Elements(Peers)]),
        ["elements-delete-concatenated-interval"] = b => b.DeleteElements(Inner, [InnerElement(1)]),
        ["elements-delete-interval"] = b => b.DeleteElements(Networks, [NftElement.Of(IPNetwork.Parse("10.0.0.0/8"))]),
        ["set-flush"] = b => b.FlushSet(Peers),
        ["set-delete"] = b => b.DeleteSet(Family, Name, "peers4"),
        ["counter-delete"] = b => b.DeleteCounter(Family, Name, "dropped"),
        ["chain-delete"] = b => b.DeleteChain(Family, Name, "leaving"),
        ["table-delete"] = b => b.DeleteTable(Family, Name),
    };

    private delegate int Encoder(Span<byte> buffer);

    private static readonly Dictionary<string, Encoder> Others = new()
    {
        ["begin"] = b => NftMessage.WriteBoundary(b, LinuxNfTables.NFNL_MSG_BATCH_BEGIN),
        ["get-generation"] = NftMessage.WriteGetGeneration,
        ["dump-tables"] = b => TableCodec.WriteDumpTables(b, NftFamily.Unspecified),
        ["dump-chains"] = b => TableCodec.WriteDumpChains(b, NftFamily.Unspecified),
        ["dump-rules"] = b => RuleCodec.WriteDumpRequest(b, Family, Name, chain: null),
        ["dump-rules-of-chain"] = b => RuleCodec.WriteDumpRequest(b, Family, Name, "outer"),
        ["dump-sets"] = b => SetCodec.WriteDumpRequest(b, Family, Name),
        ["dump-elements"] = b => ElementCodec.WriteDumpRequest(b, Peers),
        ["dump-counters"] = b => TableCodec.WriteDumpCounters(b, Family, Name),
    };

    internal static IEnumerable<string> Names => Queue.Keys.Concat(Others.Keys);

    internal static byte[] Encode(string name)
    {
        if (Others.TryGetValue(name, out Encoder? encoder))
        {
            var buffer = new byte[64];
            return buffer[..encoder(buffer)];
        }

        var batch = new NftablesBatch();
        Queue[name](batch);
        return batch.Messages.ToArray();
    }
}
