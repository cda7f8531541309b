using System.Collections.Immutable;
using System.Net;
using System.Reflection;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.State;

/// <summary>Records that hold collections compare by what is in them, and print what they mean.</summary>
public sealed class RecordTests
{
    private static readonly SubnetKey Key = SubnetKey.Parse("10.5.1.0-24");

    public static TheoryData<Func<object>, string> Records => new()
    {
        { () => NewStatus(), "Degraded, 10.5.1.0-24 over eth0, MTU 1450, 1 peers, 1 leases refused: too bad" },
        { () => new FlannelNodeStatus(), "Stopped, 0 peers" },
        { () => NewBackend(), "MTU 1450, converged, problem: it rains, peers failing: [10.5.1.0-24: no route]" },
        { () => new BackendStatus { Mtu = 1400 }, "MTU 1400, not converged" },
        { () => NewLease(), "10.5.1.0-24 of 192.168.0.1 (vxlan), until 2026-01-02 03:04:05Z" },
        { () => NewLease() with { IsReservation = true, Attributes = new LeaseAttributes() }, "10.5.1.0-24 of nobody, reserved" },
        { () => new LeaseSnapshot([NewLease()], 7), "1 peers at revision 7: [10.5.1.0-24]" },
        { () => new LeaseChanges([new LeaseChange(null, NewLease())], 7), "1 changes up to revision 7: [10.5.1.0-24 came]" },
        { () => new LeaseChange(NewLease(), null), "10.5.1.0-24 left" },
        { () => new QuarantineChanged([new QuarantinedLease("k", "bad", 3)], 1, 2), "1 leases refused, 2 not followed: [k: bad]" },
        { () => new NetworkConfigChanged(NewConfig(), null) { UnknownKeys = ["Typo"] }, "the network configuration is now: 10.5.0.0/16 in subnets " +
            "of /24, backend vxlan; unknown keys [Typo]" },
        { () => new PendingConfig(NewConfig(), ["one", "two"]), "one; two" },
        { () => new InterfaceCandidate("eth0", [IPAddress.Parse("10.0.0.1")], "too slow"), "eth0 (10.0.0.1): too slow" },
        { () => NewEntry(), "k (created at 3, changed at 4, 2 bytes)" },
        { () => new StoreSnapshot([NewEntry()], 9) { Config = "{}"u8.ToArray() }, "1 entries at revision 9: [k]" },
        { () => new StoreChanges([new StoreChange("k", NewEntry()), new StoreChange("l", null)], 9) { IsConfigDeleted = true }, "2 changes up to " +
            "revision 9: [k put, l deleted], configuration deleted" },
        { () => NewPolicy(), NewPolicy().ToString() },
        { () => NewConfig(), "10.5.0.0/16 in subnets of /24, backend vxlan" },
    };

    [Theory]
    [MemberData(nameof(Records))]
    public void Records_OfTheSameContent_AreEqualAndReadable(Func<object> make, string text)
    {
        object one = make(), other = make();

        Assert.Equal(one, other);
        Assert.True(one.Equals(other));
        Assert.Equal(one.GetHashCode(), other.GetHashCode());
        Assert.Equal(text, one.ToString());
    }

    // Equality is written by hand there, so that a new property could be forgotten.
    [Theory]
    [InlineData(typeof(FlannelNodeStatus))]
    [InlineData(typeof(BackendStatus))]
    [InlineData(typeof(TrafficPolicy))]
    [InlineData(typeof(StoredEntry))]
    public void Records_OfOtherContent_DifferWhicheverPropertyItIs(Type type)
    {
        object Make() =>
            type == typeof(FlannelNodeStatus)
                ? NewStatus()
                : type == typeof(BackendStatus) ? NewBackend() : type == typeof(StoredEntry) ? NewEntry() : NewPolicy();
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(property => property.CanWrite))
        {
            object changed = Make();
            property.SetValue(changed, Other(property.PropertyType, property.GetValue(changed)));
            Assert.False(Make().Equals(changed), $"{type.Name}.{property.Name} does not count");
        }
    }

    [Fact]
    public void LongLists_AreCutShort()
    {
        StoredEntry[] entries = [.. Enumerable.Range(0, 1000).Select(number => NewEntry() with { Key = $"{number}" })];
        Assert.Equal(
            "1000 entries at revision 1: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 990 more], no configuration", new StoreSnapshot(entries, 1).ToString());
    }

    private static object? Other(Type type, object? value) => value switch
    {
        bool flag => !flag,
        int number => number + 1,
        long number => number + 1,
        string text => text + "!",
        TimeSpan time => time + TimeSpan.FromSeconds(1),
        FlannelNodeState state => state + 1,
        ReadOnlyMemory<byte> => new ReadOnlyMemory<byte>("[]"u8.ToArray()),
        ImmutableArray<IPNetwork> => ImmutableArray<IPNetwork>.Empty,
        ImmutableArray<TrafficRange> => ImmutableArray<TrafficRange>.Empty,
        ImmutableDictionary<SubnetKey, Lease> => ImmutableDictionary<SubnetKey, Lease>.Empty.Add(Key, NewLease() with { ModRevision = 99 }),
        ImmutableDictionary<SubnetKey, string> => ImmutableDictionary<SubnetKey, string>.Empty.Add(Key, "another"),
        IReadOnlyList<QuarantinedLease> => Array.Empty<QuarantinedLease>(),
        _ when type == typeof(string) => "something",
        _ => null,
    };

    private static NetworkConfig NewConfig() => NetworkConfig.Parse("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""", "test");

    private static Lease NewLease() => new()
    {
        Key = Key,
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.0.1"), BackendType = "vxlan" },
        Expiration = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
    };

    private static StoredEntry NewEntry() => new("k", "{}"u8.ToArray(), 3, 4, HasTimeToLive: true);

    private static FlannelNodeStatus NewStatus() => new()
    {
        State = FlannelNodeState.Degraded,
        Reason = "too bad",
        Error = Error,
        StoreError = StoreError,
        IsReady = true,
        IsSubnetFileCurrent = true,
        Config = NewConfig(),
        ExternalInterface = new ExternalInterface { Name = "eth0", Index = 2, Mtu = 1500 },
        Lease = NewLease(),
        Mtu = 1450,
        Guard = new GuardStatus(),
        Peers = ImmutableDictionary<SubnetKey, Lease>.Empty.Add(Key, NewLease()),
        PeerProblems = ImmutableDictionary<SubnetKey, string>.Empty.Add(Key, "no route"),
        Quarantined = [new QuarantinedLease("k", "bad", 3)],
        QuarantinedCount = 1,
        PeersLeftOut = 2,
        PendingConfig = new PendingConfig(null, ["later"]),
    };

    private static readonly StoreException StoreError = new("away", isTransient: true);

    private static readonly Exception Error = new InvalidOperationException();

    private static BackendStatus NewBackend() => new()
    {
        Mtu = 1450,
        Attributes = new LeaseAttributes { BackendType = "vxlan" },
        IsConverged = true,
        Problem = "it rains",
        ReadStatistics = Statistics,
        Guard = new GuardStatus { Drops = new GuardDrops(1, 0, 0, 0) },
        PeerProblems = ImmutableDictionary<SubnetKey, string>.Empty.Add(Key, "no route"),
    };

    private static readonly Func<SubnetKey, PeerStatistics?> Statistics = _ => null;

    private static TrafficPolicy NewPolicy() => new()
    {
        NetworkName = "a",
        Ranges = [new TrafficRange(IPNetwork.Parse("10.5.0.0/16"), IPNetwork.Parse("10.5.1.0/24"))],
        MasqueradeExclusions = [IPNetwork.Parse("10.0.0.0/8")],
    };
}
