using System.Net;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Allocation;
using FsCheck;
using FsCheck.Fluent;
using Xunit.Abstractions;

namespace Flannel.Core.Tests.Leases.Allocation;

public sealed class SubnetAllocatorTests(ITestOutputHelper output)
{
    private static readonly NetworkConfig Usual = NetworkConfig.Parse("""{"Network":"10.5.0.0/16"}""", "test");

    [Fact]
    public void Allocate_OneSubnetFree_FindsIt()
    {
        foreach (int free in new[] { 1, 63, 64, 65, 127, 128, 254, 255 })
        {
            SubnetKey[] taken = [.. Enumerable.Range(1, 255).Where(third => third != free).Select(third => SubnetKey.Parse($"10.5.{third}.0-24"))];

            Assert.Equal($"10.5.{free}.0-24", SubnetAllocator.Allocate(Usual, taken, new Random(free)).ToString());
        }
    }

    [Fact]
    public void Allocate_PoolOfWholeWordsAndNeighboursTaken_StaysInside()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.64.0","SubnetMax":"10.5.127.0"}""", "test");
        SubnetKey[] taken = [SubnetKey.Parse("10.5.63.0-24"), SubnetKey.Parse("10.5.128.0-24"), SubnetKey.Parse("10.5.0.0-18")];
        var random = new Random(9);

        HashSet<SubnetKey> drawn = [.. Enumerable.Range(0, 2000).Select(_ => SubnetAllocator.Allocate(config, taken, random))];

        Assert.Equal(64, drawn.Count);
        Assert.All(drawn, key => Assert.True(LeaseRules.Fits(config, key)));
    }

    [Fact]
    public void Allocate_NothingFree_SaysWhatIsFullAndWhatToDo()
    {
        SubnetKey[] taken = [.. Enumerable.Range(1, 255).Select(third => SubnetKey.Parse($"10.5.{third}.0-24"))];

        var error = Assert.Throws<SubnetPoolExhaustedException>(() => SubnetAllocator.Allocate(Usual, taken, new Random(1)));

        Assert.Equal(IPNetwork.Parse("10.5.0.0/16"), error.Network);
        foreach (string part in new[] { "10.5.0.0/16", "255 subnets", "10.5.1.0/24 to 10.5.255.0/24", "255 leases", "SubnetMax" })
            Assert.Contains(part, error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public void Allocate_IPv6HalfExhausted_SaysSo()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/124"}""", "test");
        SubnetKey[] taken = [.. new[] { 4, 8, 12 }.Select(last => SubnetKey.Parse($"10.5.{last}.0-24&fd00::{last:x}-126"))];

        var error = Assert.Throws<SubnetPoolExhaustedException>(() => SubnetAllocator.Allocate(config, taken, new Random(1)));

        Assert.Equal(IPNetwork.Parse("fd00::/124"), error.Network);
        Assert.Contains("IPv6SubnetLen", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Allocate_DualStack_DrawsTheFamiliesIndependently()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00::/48"}""", "test");
        var random = new Random(7);

        SubnetKey[] drawn = [.. Enumerable.Range(0, 200).Select(_ => SubnetAllocator.Allocate(config, [], random))];

        Assert.All(drawn, key => Assert.True(LeaseRules.Fits(config, key)));
        Assert.True(drawn.Select(key => key.IPv6).Distinct().Count() > 190);
        Assert.Contains(drawn, key => (int)(key.IPv4Subnet!.Value.First >> 8 & 0xff) != (int)(key.IPv6Subnet!.Value.First >> 64 & 0xff));
    }

    [Theory]
    [InlineData("10.5.0.0-16")]
    [InlineData("10.5.128.0-17")]
    [InlineData("10.0.0.0-8")]
    [InlineData("128.0.0.0-1")]
    [InlineData("8.8.8.0-24")]
    [InlineData("0.0.0.0-0&::-0")]
    [InlineData("0.0.0.0-0&fd00::-64")]
    public void Allocate_PrefixThatIsNobodysLease_BlocksNothing(string bad)
    {
        var random = new Random(3);
        HashSet<string> drawn =
            [.. Enumerable.Range(0, 5000).Select(_ => SubnetAllocator.Allocate(Usual, [SubnetKey.Parse(bad)], random).ToString())];

        Assert.Equal(255, drawn.Count);
    }

    [Fact]
    public void Allocate_HugePool_IsReachedInAllItsWidth()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/8","IPv6SubnetLen":126}""", "test");
        var random = new Random(11);
        UInt128 middle = config.IPv6Subnets!.Value[config.IPv6Subnets.Value.Count / 2].First;

        SubnetKey[] drawn = [.. Enumerable.Range(0, 100).Select(_ => SubnetAllocator.Allocate(config, [], random))];

        Assert.All(drawn, key => Assert.True(LeaseRules.Fits(config, key)));
        Assert.InRange(drawn.Count(key => key.IPv6Subnet!.Value.First < middle), 25, 75);
    }

    [Fact]
    public void Allocate_HugePoolBlockedButForOneSubnet_FindsIt()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00::/32","IPv6SubnetLen":64}""", "test");
        var whole = new Subnet(IPAddress.Parse("fd00::"), 32);
        var left = new Subnet(IPAddress.Parse("fd00:0:1234:5678::"), 64);
        List<SubnetKey> taken = [.. Enumerable.Range(1, 3).Select(quarter => new SubnetKey(null, whole.Nth((UInt128)quarter, 34)))];
        for (int length = 35; length <= 64; length++)
            taken.Add(new SubnetKey(null, Sibling(new Subnet(left.First, length, left.Family))));

        Assert.Equal(new SubnetKey(null, left), SubnetAllocator.Allocate(config, taken.ToArray(), new Random(1)));
        taken.Add(new SubnetKey(null, left));
        Assert.Throws<SubnetPoolExhaustedException>(() => SubnetAllocator.Allocate(config, taken.ToArray(), new Random(1)));
    }

    [Fact]
    public void Allocate_AnyTakenList_AgreesWithTheSlowModel()
    {
        string[] documents =
        [
            """{"Network":"10.5.0.0/24","SubnetLen":28}""",
            """{"Network":"10.5.0.0/22","SubnetLen":29,"SubnetMin":"10.5.0.64","SubnetMax":"10.5.2.248"}""",
            """{"Network":"0.0.0.0/1","SubnetLen":8}""",
            """{"Network":"10.5.0.0/24","SubnetLen":28,"EnableIPv6":true,"IPv6Network":"fd00::/120","IPv6SubnetLen":125}""",
        ];
        NetworkConfig[] configs = [.. documents.Select(document => NetworkConfig.Parse(document, "test"))];

        Prop.ForAll(
            Gen.Choose(0, configs.Length - 1).ToArbitrary(),
            Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
            Gen.Choose(0, 40).ToArbitrary(),
            (choice, seed, count) =>
            {
                NetworkConfig config = configs[choice];
                var random = new Random(seed);
                SubnetKey[] taken = [.. Enumerable.Range(0, count).Select(_ => RandomKey(config, random))];
                HashSet<SubnetKey> free = [.. SlowFree(config, taken)];
                try
                {
                    return free.Contains(SubnetAllocator.Allocate(config, taken, random));
                }
                catch (SubnetPoolExhaustedException)
                {
                    return free.Count == 0;
                }
            }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Draw_BitmapAndIntervals_AgreeOnWhatIsFree()
    {
        // 2^21 subnets go by intervals; with all but a window blocked the same window can be drawn by bitmap.
        var large = new SubnetRange(new Subnet(IPAddress.Parse("10.0.0.0"), 29), new Subnet(IPAddress.Parse("10.255.255.248"), 29));
        var window = new SubnetRange(new Subnet(IPAddress.Parse("10.64.0.0"), 29), new Subnet(IPAddress.Parse("10.64.15.248"), 29));
        Assert.True(large.Count > 1 << 20);
        var random = new Random(5);
        for (int round = 0; round < 50; round++)
        {
            Subnet[] inWindow = [.. Enumerable.Range(0, 700).Select(_ => window[(UInt128)random.Next(512)])];
            Subnet[] outside = [new(IPAddress.Parse("10.0.0.0"), 10), new(IPAddress.Parse("10.128.0.0"), 9), .. Enumerable.Range(0, 12).Select(
                bit => new Subnet(IPAddress.Parse("10.64.0.0"), 10 + bit)).Select(Sibling).Where(subnet => subnet.PrefixLength <= 20)];
            HashSet<Subnet> free = [.. Enumerable.Range(0, 512).Select(i => window[(UInt128)i]).Except(inWindow)];

            Assert.Contains(SubnetPool.Draw(window, Keys(inWindow), 0, random)!.Value, free);
            Assert.Contains(SubnetPool.Draw(large, Keys([.. inWindow, .. outside]), 0, random)!.Value, free);
        }
    }

    [Fact]
    public void Allocate_ManyDraws_AreUniformOverTheWholePool()
    {
        SubnetKey[] taken = [.. Enumerable.Range(1, 255).Where(third => third % 3 == 0).Select(third => SubnetKey.Parse($"10.5.{third}.0-24"))];
        var random = new Random(20261121);
        var counts = new Dictionary<string, int>();
        const int Draws = 34_000;
        for (int i = 0; i < Draws; i++)
        {
            string key = SubnetAllocator.Allocate(Usual, taken, random).ToString();
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        Assert.Equal(170, counts.Count);
        double expected = Draws / 170.0;
        double chiSquare = counts.Values.Sum(count => (count - expected) * (count - expected) / expected);
        // 169 degrees of freedom: mean 169, standard deviation 18.4; five deviations either way.
        Assert.InRange(chiSquare, 77, 261);
    }

    [Fact]
    public void Allocate_SixtyThousandTaken_IsQuick()
    {
        NetworkConfig config = NetworkConfig.Parse("""{"Network":"10.0.0.0/8","SubnetLen":24}""", "test");
        var random = new Random(1);
        SubnetRange pool = config.IPv4Subnets!.Value;
        SubnetKey[] taken =
            [.. Enumerable.Range(0, (int)pool.Count).OrderBy(_ => random.Next()).Take(60_000).Select(i => new SubnetKey(pool[(UInt128)i], null))];
        Assert.Equal(65_535u, pool.Count);
        for (int i = 0; i < 50; i++)
            SubnetAllocator.Allocate(config, taken, random);

        const int Rounds = 200;
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long started = TimeProvider.System.GetTimestamp();
        for (int i = 0; i < Rounds; i++)
            SubnetAllocator.Allocate(config, taken, random);
        TimeSpan each = TimeProvider.System.GetElapsedTime(started) / Rounds;

        output.WriteLine(
            $"One allocation with 60,000 of 65,535 taken: {each.TotalMicroseconds:0} us, " +
            $"{(GC.GetAllocatedBytesForCurrentThread() - bytes) / Rounds:N0} bytes.");
        Assert.True(each < TimeSpan.FromMilliseconds(100), $"{each}");
    }

    private static SubnetKey[] Keys(Subnet[] subnets) => [.. subnets.Select(subnet => new SubnetKey(subnet, null))];

    private static Subnet Sibling(Subnet subnet) =>
        new(subnet.First ^ (UInt128.One << subnet.HostBits), subnet.PrefixLength, subnet.Family);

    private static SubnetKey RandomKey(NetworkConfig config, Random random)
    {
        Subnet ipv4 = RandomSubnet(new Subnet(config.Network!.Value), 31, random);
        return config.EnableIPv6 && random.Next(4) > 0
            ? new SubnetKey(random.Next(4) > 0 ? ipv4 : null, RandomSubnet(new Subnet(config.IPv6Network!.Value), 127, random))
            : new SubnetKey(ipv4, null);
    }

    private static Subnet RandomSubnet(Subnet network, int longest, Random random)
    {
        int length = random.Next(Math.Max(1, network.PrefixLength - 1), longest + 1);
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        UInt128 address = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes) % (network.Last - network.First + 1);
        return new Subnet(network.First + address, length, network.Family);
    }

    private static IEnumerable<SubnetKey> SlowFree(NetworkConfig config, SubnetKey[] taken)
    {
        List<Subnet?> ipv4 = SlowFree(config.IPv4Subnets, config.Network, [.. taken.Select(key => key.IPv4Subnet)]);
        List<Subnet?> ipv6 = SlowFree(config.IPv6Subnets, config.IPv6Network, [.. taken.Select(key => key.IPv6Subnet)]);
        return from four in ipv4 from six in ipv6 select new SubnetKey(four, six);
    }

    private static List<Subnet?> SlowFree(SubnetRange? pool, IPNetwork? network, Subnet?[] taken)
    {
        if (pool is not { } range)
            return [null];
        Subnet[] blocking = [.. taken.OfType<Subnet>().Where(subnet => subnet.PrefixLength >= network!.Value.PrefixLength + 2)];
        return
        [
            .. Enumerable.Range(0, (int)range.Count).Select(i => range[(UInt128)i])
                .Where(subnet => !blocking.Any(subnet.Overlaps)).Select(subnet => (Subnet?)subnet),
        ];
    }
}
