using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using Flannel.Netlink.Tests.Golden;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>What the kernel said to nft of a table that nft made, read by us: equal to what we would have written.</summary>
public class NftAnswerTests
{
    private static readonly IReadOnlyDictionary<string, byte[]> Captured = GoldenFile.Load("nft-answers");

    public static TheoryData<string> SetNames => [.. GuardTable.Sets.Select(set => set.Name)];

    [Fact]
    public void Table_EqualsWhatWouldHaveBeenWritten() =>
        Assert.Equal([GuardTable.Table], Read<NftTable>("tables", TableCodec.TryReadTable));

    [Fact]
    public void Chains_EqualWhatWouldHaveBeenWritten() => Assert.Equal(GuardTable.Chains, Read<NftChain>("chains", TableCodec.TryReadChain));

    [Fact]
    public void Counters_EqualWhatWouldHaveBeenWritten() =>
        Assert.Equal([GuardTable.Dropped], Read<NftCounter>("counters", TableCodec.TryReadCounter));

    [Fact]
    public void Sets_EqualWhatWouldHaveBeenWritten() => Assert.Equal(GuardTable.Sets, Read<NftSet>("sets", SetCodec.TryRead));

    [Theory]
    [MemberData(nameof(SetNames))]
    public void Elements_EqualWhatWouldHaveBeenWritten(string name)
    {
        NftSet set = GuardTable.Sets.Single(set => set.Name == name);

        List<NftElement> elements = ElementCodec.Assemble(
            set, Read<List<(NftElement, bool)>>($"elements-{name}", ElementCodec.TryRead).SelectMany(part => part));

        Assert.Equal(GuardTable.Elements(set).ToHashSet(), elements.ToHashSet());
    }

    [Fact]
    public void Rules_EqualWhatWouldHaveBeenWritten()
    {
        List<NftRule> rules = Read<NftRule>("rules", RuleCodec.TryRead);

        Assert.Equal(GuardTable.Rules, rules);
        Assert.Equal(rules.Count, rules.Select(rule => rule.Handle).Distinct().Count());
        Assert.DoesNotContain(rules, rule => rule.Handle == 0);
    }

    [Fact]
    public void Generation_IsRead() => Assert.NotEqual(0u, Assert.Single(Read<uint>("generation", NftMessage.TryReadGeneration)));

    [Fact]
    public void Value_LongerThanARegisterCanBe_IsMalformed()
    {
        var buffer = new byte[512];
        var writer = new NetlinkMessageWriter(buffer, type: 0, flags: 0);
        writer.WriteBytes(LinuxNfTables.NFTA_DATA_VALUE, new byte[65]);
        byte[] data = buffer[LinuxNetlink.NLMSG_HDRLEN..writer.Complete()];

        var problem = Assert.Throws<NetlinkException>(() => NftMessage.ReadValue(new NetlinkAttributeReader(data)));

        Assert.Equal("EBADMSG", problem.ErrorName);
    }

    private static List<T> Read<T>(string name, NetlinkMessageParser<T> parser)
    {
        List<T> items = [];
        var messages = new NetlinkMessageReader(Captured[name]);
        while (messages.MoveNext())
        {
            if (parser(messages.Current, out T? item))
                items.Add(item);
        }

        messages.EnsureValid();
        return items;
    }
}
