using System.Net;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Configuration;

public sealed class SubnetFileTests
{
    private static readonly SubnetFile DualStack = new()
    {
        Network = IPNetwork.Parse("10.5.0.0/16"),
        Subnet = IPNetwork.Parse("10.5.52.0/24"),
        IPv6Network = IPNetwork.Parse("2001:cafe:42::/56"),
        IPv6Subnet = IPNetwork.Parse("2001:cafe:42::/64"),
        Mtu = 1450,
        IpMasq = true,
    };

    [Fact]
    public void ToText_DualStack_IsFlannelsText() =>
        Assert.Equal(
            "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\n" +
            "FLANNEL_IPV6_NETWORK=2001:cafe:42::/56\nFLANNEL_IPV6_SUBNET=2001:cafe:42::1/64\n" +
            "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
            DualStack.ToText());

    [Fact]
    public void ToText_OneFamily_HasNoLinesOfTheOther()
    {
        Assert.Equal(
            "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n",
            (DualStack with { IPv6Network = null, IPv6Subnet = null, IpMasq = false }).ToText());
        Assert.Equal(
            "FLANNEL_IPV6_NETWORK=2001:cafe:42::/56\nFLANNEL_IPV6_SUBNET=2001:cafe:42::1/64\nFLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n",
            (DualStack with { Network = null, Subnet = null, Mtu = 1430 }).ToText());
    }

    [Fact]
    public void ToText_SubnetOfOneAddress_Throws() =>
        Assert.Throws<InvalidOperationException>((DualStack with { Subnet = IPNetwork.Parse("10.5.52.1/32") }).ToText);

    [Fact]
    public void Key_NamesTheLease()
    {
        Assert.Equal(SubnetKey.Parse("10.5.52.0-24&2001:cafe:42::-64"), DualStack.Key);
        Assert.Equal(SubnetKey.Parse("10.5.52.0-24"), (DualStack with { IPv6Subnet = null }).Key);
        Assert.Null(new SubnetFile().Key);
    }

    [Fact]
    public void Parse_OwnText_IsTheSameFile()
    {
        var ignored = new List<string>();

        Assert.Equal(DualStack, SubnetFile.Parse(DualStack.ToText(), ignored.Add));
        Assert.Empty(ignored);
    }

    [Fact]
    public void Parse_AnyFilesText_IsTheSameFile() =>
        Prop.ForAll(Files().ToArbitrary(), file => SubnetFile.Parse(file.ToText()) == file).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("FLANNEL_SUBNET=10.5.52.1/24")]
    [InlineData("\uFEFFFLANNEL_SUBNET=10.5.52.0/24\r\n")]
    [InlineData("  FLANNEL_SUBNET = 10.5.52.1/24  ")]
    [InlineData("FLANNEL_SUBNET=\"10.5.52.1/24\"")]
    [InlineData("FLANNEL_SUBNET='10.5.52.1/24' # the lease")]
    [InlineData("FLANNEL_SUBNET=10.5.52.1/24 # the lease")]
    [InlineData("# FLANNEL_SUBNET=10.9.9.1/24\n\nexport FLANNEL_SUBNET=10.5.52.1/24\nPATH=/bin\n")]
    [InlineData("export\tFLANNEL_SUBNET=10.5.52.1/24")]
    [InlineData("FLANNEL_SUBNET=10.9.9.1/24\nFLANNEL_SUBNET=10.5.52.1/24")]
    public void Parse_EditedByHand_IsUnderstood(string text)
    {
        var ignored = new List<string>();

        Assert.Equal(new SubnetFile { Subnet = IPNetwork.Parse("10.5.52.0/24") }, SubnetFile.Parse(text, ignored.Add));
        Assert.Empty(ignored);
    }

    [Fact]
    public void Parse_ListWithOneValidEntry_TakesItAndTells()
    {
        var ignored = new List<string>();

        Assert.Equal(IPNetwork.Parse("10.5.52.0/24"), SubnetFile.Parse("FLANNEL_SUBNET=x, 10.5.52.1/24 ,", ignored.Add).Subnet);
        Assert.Single(ignored);
    }

    [Theory]
    [InlineData("FLANNEL_SUBNET=10.5.52.1/24,10.5.53.1/24")]
    [InlineData("FLANNEL_SUBNET=")]
    [InlineData("FLANNEL_SUBNET=10.5.52.1")]
    [InlineData("FLANNEL_SUBNET=10.5.52.1/32")]
    [InlineData("FLANNEL_SUBNET=10.5.52.1/0")]
    [InlineData("FLANNEL_SUBNET=10.5.052.1/24")]
    [InlineData("FLANNEL_SUBNET=fd00::1/64")]
    [InlineData("FLANNEL_IPV6_SUBNET=10.5.52.1/24")]
    [InlineData("FLANNEL_IPV6_SUBNET=fd00::1/128")]
    [InlineData("FLANNEL_SUBNET=\"10.5.52.1/24")]
    [InlineData("FLANNEL_SUBNET='10.5.52.1/24' x")]
    [InlineData("FLANNEL_MTU=many")]
    [InlineData("FLANNEL_MTU=-5")]
    [InlineData("nonsense")]
    public void Parse_NotUnderstood_IsLeftOutAndTold(string line)
    {
        var ignored = new List<string>();

        SubnetFile file = SubnetFile.Parse($"FLANNEL_IPMASQ=true\n{line}\n", ignored.Add);

        Assert.Equal(new SubnetFile { IpMasq = true }, file);
        Assert.StartsWith("Line 2 of the subnet file is ignored: ", Assert.Single(ignored), StringComparison.Ordinal);
        Assert.Equal(file, SubnetFile.Parse($"FLANNEL_IPMASQ=true\n{line}\n"));
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("false", false)]
    [InlineData("True", false)]
    [InlineData("1", false)]
    public void Parse_IpMasq_IsTrueForExactlyTrue(string value, bool expected) =>
        Assert.Equal(expected, SubnetFile.Parse($"FLANNEL_IPMASQ={value}").IpMasq);

    [Fact]
    public void Parse_AnyText_NeverThrows() =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text => SubnetFile.Parse(text.Get).ToText().Length > 0).QuickCheckThrowOnFailure();

    [Fact]
    public void Parse_MutatedText_NeverThrows() =>
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll(Mutations.Of(DualStack.ToText()).ToArbitrary(), bytes =>
            {
                SubnetFile file = SubnetFile.Parse(System.Text.Encoding.UTF8.GetString(bytes));
                return SubnetFile.Parse(file.ToText()) == file && (file.Key is null || SubnetKey.TryParse(file.Key.ToString(), out _));
            }));

    private static Gen<SubnetFile> Files() =>
        from network in Gen.Elements(null, "10.5.0.0/16", "10.0.0.0/8")
        from subnet in Gen.Elements(null, "10.5.52.0/24", "10.255.255.254/31")
        from ipv6Network in Gen.Elements(null, "fd00::/8")
        from ipv6Subnet in Gen.Elements(null, "fd00::5efe:102:0/112", "fd00:1:2:3::/64")
        from mtu in Gen.Choose(0, 65535)
        from masq in Gen.Elements(true, false)
        select new SubnetFile
        {
            Network = Parse(network),
            Subnet = Parse(subnet),
            IPv6Network = Parse(ipv6Network),
            IPv6Subnet = Parse(ipv6Subnet),
            Mtu = mtu,
            IpMasq = masq,
        };

    private static IPNetwork? Parse(string? cidr) => cidr is null ? null : IPNetwork.Parse(cidr);
}
