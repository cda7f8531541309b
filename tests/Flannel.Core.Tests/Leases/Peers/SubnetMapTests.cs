using System.Net.Sockets;
using Flannel.Core.Addressing;
using Flannel.Core.Leases.Peers;

namespace Flannel.Core.Tests.Leases.Peers;

public sealed class SubnetMapTests
{
    [Fact]
    public void Overlapping_RandomSubnetsOfManyLengths_AgreesWithComparingAll()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            var map = new SubnetMap<string>();
            var all = new Dictionary<Subnet, string>();
            for (int step = 0; step < 200; step++)
            {
                Subnet subnet = Draw(random);
                if (all.Remove(subnet)) map.Remove(subnet);
                else if (all.TryAdd(subnet, $"{subnet}")) map.Add(subnet, $"{subnet}");

                Subnet asked = Draw(random);
                Assert.Equal(
                    all.Where(pair => pair.Key.Overlaps(asked)).Select(pair => pair.Value).Order(StringComparer.Ordinal),
                    map.Overlapping(asked).Select(pair => pair.Value).Order(StringComparer.Ordinal));
                Assert.Equal(all.ContainsKey(asked), map.TryGet(asked, out _));
            }
        }
    }

    [Fact]
    public void TryGetOnly_OnlyWhileItsFamilyHasOneLength()
    {
        Subnet subnet = IPv4(0x0A050100, 24);
        var map = new SubnetMap<string>();
        map.Add(subnet, "first");
        map.Add(IPv4(0x0A050200, 24), "second");
        map.Add(new Subnet((UInt128)0xFD00 << 112, 64, AddressFamily.InterNetworkV6), "of the other family");
        Assert.True(map.TryGetOnly(subnet, out string? found));
        Assert.Equal("first", found);
        Assert.False(map.TryGetOnly(IPv4(0x0A050300, 24), out _));
        Assert.False(map.TryGetOnly(IPv4(0x0A050100, 25), out _));

        map.Add(IPv4(0x0A050180, 25), "inside the first");
        Assert.False(map.TryGetOnly(subnet, out _));
        map.Remove(IPv4(0x0A050180, 25));
        Assert.True(map.TryGetOnly(subnet, out _));
    }

    [Fact]
    public void Remove_WhatIsNotThere_DoesNothing()
    {
        var map = new SubnetMap<string>();
        map.Remove(Draw(new Random(1)));
        Assert.Empty(map.Overlapping(Draw(new Random(1))));
    }

    private static Subnet IPv4(uint address, int length) => new((UInt128)address, length, AddressFamily.InterNetwork);

    private static Subnet Draw(Random random) => random.Next(2) == 0
        ? new Subnet((UInt128)(0x0A050000u + (uint)random.Next(0x10000)), random.Next(16, 31), AddressFamily.InterNetwork)
        : new Subnet(((UInt128)0xFD00 << 112) | ((UInt128)(uint)random.Next(0x10000) << 60), random.Next(48, 70), AddressFamily.InterNetworkV6);
}
