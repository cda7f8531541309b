using System.Net;
using System.Net.NetworkInformation;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Netlink.Tests.Netfilter;

public class NftValueTests
{
    [Fact]
    public void Values_LieInTheirOwnByteOrder()
    {
        Assert.Equal("c0000201", NftValue.Of(IPAddress.Parse("192.0.2.1")).ToString());
        Assert.Equal("20010db8000000000000000000000001", NftValue.Of(IPAddress.Parse("2001:db8::1")).ToString());
        Assert.Equal("020000000001", NftValue.Of(PhysicalAddress.Parse("02-00-00-00-00-01")).ToString());
        Assert.Equal("2118", NftValue.OfNetworkUInt16(8472).ToString());
        Assert.Equal(BitConverter.IsLittleEndian ? "00400000" : "00004000", NftValue.OfUInt32(0x4000).ToString());
        Assert.Equal("6c6f0000000000000000000000000000", NftValue.OfInterfaceName("lo").ToString());
        Assert.Equal("", default(NftValue).ToString());
    }

    [Fact]
    public void Concat_PadsEachPartToFourBytes() =>
        Assert.Equal(
            "020000000001000011000000c0000201",
            NftValue.Concat(
                NftValue.Of(PhysicalAddress.Parse("02-00-00-00-00-01")), NftValue.OfByte(17), NftValue.Of(IPAddress.Parse("192.0.2.1"))).ToString());

    [Theory]
    [InlineData("10.5.0.0/16", "ffff0000", "0a05ffff")]
    [InlineData("10.5.0.0/20", "fffff000", "0a050fff")]
    [InlineData("10.5.0.1/32", "ffffffff", "0a050001")]
    [InlineData("0.0.0.0/0", "00000000", "ffffffff")]
    [InlineData("fc00:5::/49", "ffffffffffff80000000000000000000", "fc00000500007fffffffffffffffffff")]
    public void Networks_HaveMaskAndLastAddress(string network, string mask, string last)
    {
        Assert.Equal(mask, NftValue.MaskOf(IPNetwork.Parse(network)).ToString());
        Assert.Equal(last, NftValue.LastOf(IPNetwork.Parse(network)).ToString());
    }

    [Fact]
    public void Next_ThenPrevious_IsTheSame() => Prop.ForAll<uint>(number =>
    {
        NftValue value = new(BitConverter.GetBytes(number));
        Assert.Equal(number == uint.MaxValue ? (NftValue?)null : value, value.Next()?.Previous());
        Assert.Equal(number == 0 ? (NftValue?)null : value, value.Previous()?.Next());
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Ends_HaveNoNeighbour()
    {
        Assert.Null(new NftValue([255, 255]).Next());
        Assert.Null(new NftValue([0, 0]).Previous());
        Assert.Equal(new NftValue([1, 0]), new NftValue([0, 255]).Next());
        Assert.Equal(new NftValue([0, 255]), new NftValue([1, 0]).Previous());
    }

    /// <summary>
    /// Intervals as the kernel holds them, in whatever order it lists them, with or without the ends that a next interval makes superfluous.
    /// </summary>
    [Fact]
    public void Assemble_AnyIntervals_GivesThemBack() => Prop.ForAll<int>(seed =>
    {
        var random = new Random(seed);
        SortedSet<int> bounds = [.. Enumerable.Range(0, 20).Select(_ => random.Next(256))];
        int[] chosen = [.. bounds.Take(bounds.Count & ~1)];
        List<NftElement> expected = [];
        List<(NftElement, bool)> kernel = [];
        for (int i = 0; i < chosen.Length; i += 2)
        {
            expected.Add(NftElement.Range(Key(chosen[i]), Key(chosen[i + 1])));
            kernel.Add((new NftElement(Key(chosen[i])), false));
            bool touchesNext = i + 2 < chosen.Length && chosen[i + 2] == chosen[i + 1] + 1;
            if (chosen[i + 1] < 255 && !(touchesNext && random.Next(2) == 0))
                kernel.Add((new NftElement(Key(chosen[i + 1] + 1)), true));
        }

        List<NftElement> assembled = ElementCodec.Assemble(GuardTable.Networks, kernel.OrderBy(_ => random.Next()));

        Assert.Equal(expected, assembled);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void WhatDoesNotFit_IsRefusedBeforeItIsSent()
    {
        var batch = new NftablesBatch();

        Assert.Throws<ArgumentException>(() => new NftValue(new byte[65]));
        Assert.Throws<ArgumentException>(() => NftValue.OfInterfaceName("sixteen-letters-"));
        Assert.Throws<ArgumentException>(() => NftMatch.Is(NftField.Mark, NftValue.OfByte(1)));
        Assert.Throws<ArgumentException>(() => NftMatch.In(NftField.IPv4Source, IPNetwork.Parse("fc00::/7")));
        Assert.Throws<ArgumentException>(() => NftField.Mark.Masked(NftValue.OfByte(1)));
        Assert.Throws<InvalidOperationException>(() => NftMatch.Is(default, default));
        Assert.Throws<ArgumentException>(() => batch.AddElements(GuardTable.Peers, [NftElement.Of(IPAddress.IPv6Loopback)]));
        Assert.Throws<ArgumentException>(() => batch.AddElements(GuardTable.Peers, [NftElement.Of(IPNetwork.Parse("10.0.0.0/8"))]));
        Assert.Throws<ArgumentException>(() => batch.AddTable(GuardTable.Table with { Comment = new string('x', 254) }));
        Assert.Throws<ArgumentException>(() => batch.AddSet(GuardTable.Peers with { Key = default }));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.AddSet(GuardTable.Peers with { Key = [(NftDataType)63] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.AddSet(GuardTable.Peers with { Key = [NftDataType.Bytes] }));
        Assert.Throws<ArgumentException>(() => batch.AddSet(GuardTable.Subnets with { KeyFields = [NftField.EthernetSource] }));
        Assert.Throws<ArgumentException>(() => batch.AddSet(GuardTable.Peers with { KeyFields = [NftField.Mark] }));
        Assert.Throws<ArgumentOutOfRangeException>(() => batch.DeleteRule(GuardTable.Rules[0]));
        Assert.Throws<ArgumentException>(() => batch.AddRule(GuardTable.Rules[0] with { Expressions = [new NftOther("xt")] }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => batch.AddRule(GuardTable.Rules[0] with { Expressions = [new NftMeta(NftMetaKey.Mark, 16)] }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => batch.AddChain(GuardTable.Chains[0] with { Base = new NftBaseChain(NftChainType.Unknown, NftHook.Input, 0) }));
        Assert.Equal((0, 0), (batch.Count, batch.Messages.Length));
    }

    private static NftValue Key(int last) => new([255, 255, 255, (byte)last]);
}
