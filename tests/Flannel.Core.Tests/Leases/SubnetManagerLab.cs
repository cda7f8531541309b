using System.Net;
using System.Text;
using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Core.Tests.Leases;

/// <summary>
/// One in-memory store and nodes on it, each reaching it through a store of its own that can fail. The nodes' clock and the store's are two, so that
/// all timers of the nodes' clock are the nodes' own: calls have no time limit here unless a test wants one.
/// </summary>
internal sealed class SubnetManagerLab
{
    public const string VxlanNetwork = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";

    public const string DualStackNetwork =
        """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";

    public const string IPv6Network = """{"EnableIPv4":false,"EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"vxlan"}}""";

    public SubnetManagerLab(string config = VxlanNetwork, SubnetManagerOptions? options = null)
    {
        Options = options ?? NoTimeout;
        Config = NetworkConfig.Parse(config, "test");
        Store = new InMemoryLeaseStore(config, StoreTime);
    }

    public static SubnetManagerOptions NoTimeout { get; } = new() { CallTimeout = Timeout.InfiniteTimeSpan, CloseTimeout = Timeout.InfiniteTimeSpan };

    /// <summary>Listing so seldom that it does not come in the way.</summary>
    public static SubnetManagerOptions NoRelist { get; } = NoTimeout with { RelistInterval = TimeSpan.FromDays(300) };

    /// <summary>The nodes' clock.</summary>
    public FakeTimeProvider Time { get; } = new();

    /// <summary>The store's clock.</summary>
    public FakeTimeProvider StoreTime { get; } = new();

    public NetworkConfig Config { get; }

    public InMemoryLeaseStore Store { get; }

    public SubnetManagerOptions Options { get; }

    public static LeaseAttributes Attributes(int host, string mac = "1") => new()
    {
        PublicIP = IPAddress.Parse($"192.168.{host / 256}.{host % 256}"),
        PublicIPv6 = IPAddress.Parse($"2001:db8::{host:x}"),
        BackendType = "vxlan",
        BackendData = $$"""{"VNI":1,"VtepMAC":"02:00:00:00:00:{{mac.PadLeft(2, '0')}}"}""",
    };

    public LeaseRequest Request(int host, string? previous = null, Func<Lease, string?>? rule = null) => new()
    {
        Config = Config,
        Attributes = Attributes(host),
        PreviousSubnet = previous is null ? null : SubnetKey.Parse(previous),
        PeerRule = rule,
    };

    public LabNode Node(int host, string? previous = null, int seed = 1, Func<Lease, string?>? rule = null) =>
        new(this, Request(host, previous, rule), seed);

    /// <summary>A peer's lease, written as the peer would.</summary>
    public StoredEntry PutPeer(string key, int host, string mac = "1") =>
        Store.Put(SubnetKey.Parse(key), Attributes(host, mac), TimeSpan.FromDays(10));

    public StoredEntry PutText(string key, string document) => Store.Put(key, Encoding.UTF8.GetBytes(document), TimeSpan.FromDays(10));

    public async Task<StoredEntry?> FindAsync(string key) =>
        (await Store.ListAsync(null, CancellationToken.None)).Entries.SingleOrDefault(entry => entry.Key == key);
}
