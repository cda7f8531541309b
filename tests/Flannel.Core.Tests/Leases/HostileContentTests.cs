using System.Text;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Peers;
using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Lab.Logging;
using Flannel.Testing;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Leases;

/// <summary>A store that holds more than it should: large documents, very many refused ones, very many leases.</summary>
public sealed class HostileContentTests
{
    private static readonly SubnetKey Own = SubnetKey.Parse("10.5.200.0-24");

    [Fact]
    public void Track_LargeDocuments_KeepsNoneOfTheirBytes()
    {
        PeerLeases tracker = Tracker();
        var documents = new List<WeakReference>();
        Fill(tracker, documents);

        GC.Collect();

        Assert.All(documents, document => Assert.False(document.IsAlive));
        Assert.Equal(20, tracker.TakeQuarantine()!.Total);
        GC.KeepAlive(tracker);
    }

    [Fact]
    public void Track_MoreRefusedLeasesThanTheLimit_CountsTheRestAndStillTakesPeers()
    {
        PeerLeases tracker = Tracker(maxQuarantined: 10);
        List<StoredEntry> entries = [.. Enumerable.Range(1, 100).Select(i => Entry($"junk{i:000}", i, "{}"))];
        entries.Add(Peer("10.5.2.0-24", 2, revision: 200));

        var snapshot = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot(entries, 200)));

        Assert.Equal("10.5.2.0-24", Assert.Single(snapshot.Peers).Key.ToString());
        QuarantineChanged quarantine = tracker.TakeQuarantine()!;
        Assert.Equal((10, 100, 0), (quarantine.Leases.Count, quarantine.Total, quarantine.LeftOut));
        Assert.Equal((100, 3), (tracker.TakeRefused().Count, 3));
        Assert.InRange(tracker.Keys.Count, 11, 11);

        tracker.Apply(Change(201, "junk001", null));
        tracker.Apply(Change(202, "junk100", null));
        Assert.Equal(98, tracker.TakeQuarantine()!.Total);
        tracker.Apply(Change(203, "junk100", Entry("junk100", 203, "[]")));
        tracker.Apply(Change(204, "junk100", Entry("junk100", 204, "[]")));
        Assert.Equal(99, tracker.TakeQuarantine()!.Total);

        tracker.Apply(new StoreSnapshot([entries[^1]], 205));
        quarantine = tracker.TakeQuarantine()!;
        Assert.Equal((0, 0), (quarantine.Leases.Count, quarantine.Total));
    }

    [Fact]
    public void Track_MorePeersThanTheLimit_LeavesTheRestOutUntilThereIsRoom()
    {
        PeerLeases tracker = Tracker(maxPeers: 3);
        List<StoredEntry> entries = [.. Enumerable.Range(1, 5).Select(i => Peer($"10.5.{i}.0-24", i + 1, i))];

        Assert.Equal(3, Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot(entries, 5))).Peers.Count);
        Assert.Equal(2, tracker.TakeQuarantine()!.LeftOut);
        Assert.False(tracker.HasRoomForLeftOut);

        tracker.Apply(Change(6, "10.5.1.0-24", null));
        Assert.True(tracker.HasRoomForLeftOut);
        Assert.Single(Assert.IsType<LeaseChanges>(tracker.Apply(new StoreSnapshot(entries[1..], 6))).Changes);
        Assert.Equal(1, tracker.TakeQuarantine()!.LeftOut);
    }

    [Fact]
    public void Track_DocumentThatCouldNotBeRead_IsQuarantinedWithTheStoresReasonAndKeepsTheLastGoodState()
    {
        PeerLeases tracker = Tracker();
        tracker.Apply(new StoreSnapshot([Peer("10.5.2.0-24", 2, 1)], 1));

        Assert.Null(tracker.Apply(Change(2, "10.5.2.0-24", Entry("10.5.2.0-24", 2, "") with { CreateRevision = 1, Unreadable = "it is 9 MB long" })));

        Assert.Equal("it is 9 MB long", Assert.Single(tracker.TakeQuarantine()!.Leases).Reason);
        Assert.Null(tracker.Apply(Change(3, "10.5.2.0-24", Peer("10.5.2.0-24", 2, 3))));
        Assert.Empty(tracker.TakeQuarantine()!.Leases);
    }

    [Fact]
    public void Track_NamesLeftOutWithOneHashCode_AreCountedBoth()
    {
        // Of some 100,000 names two have one hash code of 32 bits.
        Dictionary<int, string> names = [];
        string other = "";
        string? one = null;
        for (int i = 0; one is null; i++)
        {
            other = $"junk{i}";
            if (!names.TryAdd(string.GetHashCode(other, StringComparison.Ordinal), other))
                one = names[string.GetHashCode(other, StringComparison.Ordinal)];
        }

        PeerLeases tracker = Tracker(maxQuarantined: 1);
        tracker.Apply(new StoreSnapshot([Entry("junk", 1, "{}"), Entry(one, 2, "{}"), Entry(other, 3, "{}")], 3));

        Assert.Equal(3, tracker.TakeQuarantine()!.Total);
        tracker.Apply(Change(4, other, null));
        Assert.Equal(2, tracker.TakeQuarantine()!.Total);
    }

    [Fact]
    public async Task Watch_FloodOfRefusedLeases_IsLoggedInSummaries()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist with { MaxQuarantined = 50 });
        var log = new RecordingLogger<SubnetManager>();
        for (int i = 0; i < 1000; i++) lab.PutText($"junk{i}", "{}");
        var node = new LabNode(lab, lab.Request(1), seed: 1, log);
        await using LeaseFollower follower = await node.StartAsync();
        for (int i = 1000; i < 2000; i++) lab.PutText($"junk{i}", "{}");
        await follower.UntilAsync<QuarantineChanged>(quarantine => quarantine.Total == 2000);

        Assert.Equal(50, follower.Quarantine.Count);
        string first = Assert.Single(Refusals());
        Assert.Contains("1000 leases", first, StringComparison.Ordinal);
        Assert.Equal(3, first.Split("(revision").Length - 1);
        await lab.Time.WaitForTimerAsync(TimeSpan.FromSeconds(10));
        lab.Time.Advance(TimeSpan.FromSeconds(10));
        await log.UntilAsync(() => Refusals().Count() == 2);
        Assert.Contains("Refused 1000 leases, 2000 are refused now", Refusals().Last(), StringComparison.Ordinal);

        IEnumerable<string> Refusals() => log.Lines.Where(
            line => line.Level == LogLevel.Warning && line.Text.StartsWith("Refused", StringComparison.Ordinal)).Select(line => line.Text);
    }

    [Fact]
    public async Task Watch_LongOutage_WarnsOnceAMinute()
    {
        var lab = new SubnetManagerLab(options: SubnetManagerLab.NoRelist with { TimeToLive = TimeSpan.FromSeconds(20) });
        var log = new RecordingLogger<SubnetManager>();
        var node = new LabNode(lab, lab.Request(1), seed: 1, log);
        await using LeaseFollower follower = await node.StartAsync();
        for (int i = 0; i < 200; i++) node.Store.FailNext(StoreOperation.Renew);

        while (lab.Time.Elapsed < TimeSpan.FromMinutes(3))
        {
            TimeSpan left = await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(20));
            lab.Time.Advance(left);
        }

        int attempts = node.Store.Calls.Count(call => call.Operation is StoreOperation.Renew or StoreOperation.List);
        Assert.InRange(attempts, 30, 400);
        Assert.InRange(log.Lines.Count(line => line.Level >= LogLevel.Warning), 2, 8);
    }

    [Fact]
    public async Task Watch_ConfigDeletedAndPutAgain_IsTold()
    {
        var lab = new SubnetManagerLab();
        await using LeaseFollower follower = await lab.Node(1).StartAsync();

        lab.Store.SetConfig((string?)null);
        var gone = await follower.UntilAsync<NetworkConfigChanged>();
        lab.Store.SetConfig(SubnetManagerLab.VxlanNetwork);
        var back = await follower.UntilAsync<NetworkConfigChanged>();

        Assert.Null(gone.Config);
        Assert.Contains("there is none", gone.Error!.Message, StringComparison.Ordinal);
        Assert.Equal((lab.Config, null), (back.Config, back.Error));
    }

    [Fact]
    public async Task Watch_ConfigDeletedWhileAway_IsToldOnReturn()
    {
        var lab = new SubnetManagerLab();
        LabNode node = lab.Node(1);
        await using LeaseFollower follower = await node.StartAsync();
        node.Store.Away = FaultyLeaseStore.NoAnswer;
        await follower.UntilAsync<StoreAvailabilityChanged>();
        lab.Store.SetConfig((string?)null);
        lab.Store.Compact(lab.Store.Revision);
        node.Store.Away = null;
        lab.Time.Advance(await lab.Time.WaitForTimerWithinAsync(TimeSpan.FromSeconds(5)));

        Assert.NotNull((await follower.UntilAsync<NetworkConfigChanged>()).Error);
    }

    private static void Fill(PeerLeases tracker, List<WeakReference> documents)
    {
        List<StoredEntry> entries = [];
        for (int i = 0; i < 20; i++)
        {
            byte[] document = new byte[1_000_000];
            documents.Add(new WeakReference(document));
            entries.Add(new StoredEntry($"10.5.{i + 1}.0-24", document, i + 1, i + 1, HasTimeToLive: true));
        }

        tracker.Apply(new StoreSnapshot(entries, 20));
    }

    private static PeerLeases Tracker(int maxPeers = 1000, int maxQuarantined = 1000)
    {
        var lab = new SubnetManagerLab();
        return new PeerLeases(lab.Config, new LeaseRules(lab.Config, SubnetManagerLab.Attributes(1), Own), null, Own, maxPeers, maxQuarantined);
    }

    private static StoredEntry Entry(string key, long revision, string document) =>
        new(key, Encoding.UTF8.GetBytes(document), revision, revision, HasTimeToLive: true);

    private static StoredEntry Peer(string key, int host, long revision) =>
        Entry(key, revision, SubnetManagerLab.Attributes(host).ToJson()) with { CreateRevision = 1 };

    private static StoreChanges Change(long revision, string key, StoredEntry? entry) => new([new StoreChange(key, entry)], revision);
}
