using System.Text;
using Flannel.Core.Leases;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;
using Xunit.Abstractions;

namespace Flannel.Core.Tests.Leases.Peers;

public sealed class PeerLeasesTests(ITestOutputHelper output)
{
    private const string Own = "10.5.200.0-24&fd00:5:0:200::-64";

    private static readonly NetworkConfig DualStack = NetworkConfig.Parse(SubnetManagerLab.DualStackNetwork, "test");

    private long _revision;

    [Fact]
    public void Apply_FirstSnapshot_IsComplete_LaterOnesAreDifferences()
    {
        PeerLeases tracker = Tracker();
        StoredEntry two = Entry("10.5.2.0-24", 2);
        StoredEntry three = Entry("10.5.3.0-24", 3);

        var first = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([two, three, Entry(Own, 1)], _revision)));
        Assert.Equal(["10.5.2.0-24", "10.5.3.0-24"], Keys(first.Peers));
        Assert.Null(tracker.Apply(new StoreSnapshot([three, two, Entry(Own, 1)], ++_revision)));
        StoredEntry four = Entry("10.5.4.0-24", 4);
        var later = Assert.IsType<LeaseChanges>(tracker.Apply(new StoreSnapshot([two, four], _revision)));
        Assert.Equal([("10.5.3.0-24", null), (null, "10.5.4.0-24")], Pairs(later));
        Assert.Equal(_revision, later.Revision);
    }

    [Fact]
    public void Apply_EmptySnapshotFirst_IsDeliveredToo() =>
        Assert.Empty(Assert.IsType<LeaseSnapshot>(Tracker().Apply(new StoreSnapshot([], 0))).Peers);

    [Fact]
    public void Apply_ReservationOfAHostThatHasNotStarted_IsNeitherPeerNorRefused()
    {
        PeerLeases tracker = Tracker();
        LeaseAttributes host = SubnetManagerLab.Attributes(2) with { BackendType = null, BackendData = null };
        var vacant = new StoredEntry("10.5.2.0-24", host.ToUtf8Json(), 1, 1, HasTimeToLive: false);

        Assert.Empty(Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([vacant], 1))).Peers);
        Assert.Null(tracker.TakeQuarantine());
        Assert.Equal(0, tracker.TakeRefused().Count);

        // The same document with an end is a lease of a host with another backend.
        Assert.Null(tracker.Apply(new StoreSnapshot([vacant with { ModRevision = 2, HasTimeToLive = true }], 2)));
        Assert.Equal(1, tracker.TakeQuarantine()!.Total);
        StoredEntry started = vacant with { ModRevision = 3, Value = SubnetManagerLab.Attributes(2).ToUtf8Json() };
        Assert.Equal(
            "10.5.2.0-24", Assert.Single(Assert.IsType<LeaseChanges>(tracker.Apply(new StoreSnapshot([started], 3))).Changes).After!.Key.ToString());
        Assert.Equal(0, tracker.TakeQuarantine()!.Total);
    }

    [Fact]
    public void Apply_AttributesDifferInASnapshot_IsAChange()
    {
        PeerLeases tracker = Tracker();
        tracker.Apply(new StoreSnapshot([Entry("10.5.2.0-24", 2, mac: "1")], _revision));

        var changes = Assert.IsType<LeaseChanges>(tracker.Apply(new StoreSnapshot([Entry("10.5.2.0-24", 2, mac: "2")], _revision)));

        LeaseChange change = Assert.Single(changes.Changes);
        Assert.Equal(
            (SubnetManagerLab.Attributes(2, "1"), SubnetManagerLab.Attributes(2, "2")), (change.Before!.Attributes, change.After!.Attributes));
    }

    [Fact]
    public void Apply_DeletedAndCreatedAlikeInOneBatch_IsNoChange()
    {
        PeerLeases tracker = Tracker();
        tracker.Apply(new StoreSnapshot([Entry("10.5.2.0-24", 2)], _revision));
        _revision++;

        Assert.Null(tracker.Apply(Changes(("10.5.2.0-24", null), ("10.5.2.0-24", Entry("10.5.2.0-24", 2)))));
        _revision++;
        Assert.Equal(
            [("10.5.2.0-24", "10.5.2.0-24")],
            Pairs(tracker.Apply(Changes(("10.5.2.0-24", null), ("10.5.2.0-24", Entry("10.5.2.0-24", 2, mac: "9"))))));
    }

    [Fact]
    public void Apply_AddressOfAnOlderPeer_IsQuarantinedUntilThatOneGoes()
    {
        PeerLeases tracker = Tracker();
        StoredEntry older = Entry("10.5.2.0-24&fd00:5:0:2::-64", 2), younger = Entry("10.5.3.0-24&fd00:5:0:3::-64", 2, mac: "9");

        var first = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([younger, older], _revision)));
        Assert.Equal([older.Key], Keys(first.Peers));
        QuarantinedLease refused = Assert.Single(tracker.TakeQuarantine()!.Leases);
        Assert.Equal((younger.Key, $"its public address is that of {older.Key} (192.168.0.2), which is older"), (refused.Key, refused.Reason));

        // Its holder gets another address, and loses it again.
        StoredEntry moved = younger with { Value = SubnetManagerLab.Attributes(7).ToUtf8Json(), ModRevision = ++_revision };
        Assert.Equal([(null, younger.Key)], Pairs(tracker.Apply(Changes((moved.Key, moved)))));
        Assert.Empty(tracker.TakeQuarantine()!.Leases);
        StoredEntry back = younger with { ModRevision = ++_revision };
        Assert.Equal([(younger.Key, null)], Pairs(tracker.Apply(Changes((back.Key, back)))));

        _revision++;
        Assert.Equal([(older.Key, null), (null, younger.Key)], Pairs(tracker.Apply(Changes((older.Key, null)))));
        Assert.Empty(tracker.TakeQuarantine()!.Leases);
    }

    [Fact]
    public void Apply_PeersThatSwapAddresses_BothArriveInTheEnd()
    {
        PeerLeases tracker = Tracker();
        StoredEntry one = Entry("10.5.2.0-24", 2), two = Entry("10.5.3.0-24", 3);
        tracker.Apply(new StoreSnapshot([one, two], _revision));

        StoredEntry oneMoved = one with { Value = two.Value, ModRevision = ++_revision };
        tracker.Apply(Changes((one.Key, oneMoved)));
        StoredEntry twoMoved = two with { Value = one.Value, ModRevision = ++_revision };
        tracker.Apply(Changes((two.Key, twoMoved)));

        Assert.Equal(["192.168.0.3", "192.168.0.2"], tracker.Keys.Select(static key => key.Delivered!.Attributes.PublicIP!.ToString()));
        Assert.Empty(tracker.TakeQuarantine()?.Leases ?? []);
    }

    [Fact]
    public void Apply_ChangesOvertakenByAListing_ArePassedOver()
    {
        PeerLeases tracker = Tracker();
        StoredEntry old = Entry("10.5.2.0-24", 2, mac: "1");
        StoredEntry young = Entry("10.5.2.0-24", 2, mac: "2");
        tracker.Apply(new StoreSnapshot([young], young.ModRevision));

        Assert.Null(tracker.Apply(new StoreChanges([new(old.Key, old)], old.ModRevision)));
        Assert.Null(tracker.Apply(new StoreChanges([new(young.Key, young)], young.ModRevision)));
    }

    [Fact]
    public void Apply_BatchThatBeganBeforeTheListing_EndsRight()
    {
        PeerLeases tracker = Tracker();
        StoredEntry old = Entry("10.5.2.0-24", 2, mac: "1");
        _revision++;
        StoredEntry young = Entry("10.5.2.0-24", 2, mac: "2");
        StoredEntry newest = Entry("10.5.3.0-24", 3);
        tracker.Apply(new StoreSnapshot([young], young.ModRevision));

        SubnetEvent? result = tracker.Apply(Changes((old.Key, old), (old.Key, null), (young.Key, young), (newest.Key, newest)));

        Assert.Equal([(null, "10.5.3.0-24")], Pairs(result));
    }

    [Fact]
    public void Apply_SameRevisionOtherDocument_IsNoticed()
    {
        PeerLeases tracker = Tracker();
        StoredEntry before = Entry("10.5.2.0-24", 2, mac: "1");
        tracker.Apply(new StoreSnapshot([before], 5));

        StoredEntry restored = before with { Value = SubnetManagerLab.Attributes(2, "2").ToUtf8Json() };

        Assert.Single(Assert.IsType<LeaseChanges>(tracker.Apply(new StoreSnapshot([restored], 3))).Changes);
    }

    [Fact]
    public void Apply_OverlapInOneFamily_OlderWinsAndTheOtherComesWhenItGoes()
    {
        PeerLeases tracker = Tracker();
        StoredEntry older = Entry("10.5.2.0-24&fd00:5:0:2::-64", 2);
        StoredEntry younger = Entry("10.5.3.0-24&fd00:5:0:2::-64", 3);

        var snapshot = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([younger, older], _revision)));
        Assert.Equal([older.Key], Keys(snapshot.Peers));
        QuarantinedLease refused = Assert.Single(tracker.TakeQuarantine()!.Leases);
        Assert.Equal((younger.Key, younger.ModRevision), (refused.Key, refused.Revision));
        Assert.Contains(older.Key, refused.Reason, StringComparison.Ordinal);
        Assert.Equal(1, tracker.TakeRefused().Count);

        _revision++;
        Assert.Equal([(older.Key, null), (null, younger.Key)], Pairs(tracker.Apply(Changes((older.Key, null)))));
        Assert.Empty(tracker.TakeQuarantine()!.Leases);
        Assert.Equal(0, tracker.TakeRefused().Count);
    }

    [Fact]
    public void Apply_OlderOverlappingLeaseComesBack_TheYoungerStandsBack()
    {
        PeerLeases tracker = Tracker();
        StoredEntry older = Entry("10.5.2.0-24", 2);
        StoredEntry younger = Entry("10.5.2.0-24&fd00:5:0:3::-64", 3);
        tracker.Apply(new StoreSnapshot([younger], _revision));
        _revision++;

        Assert.Equal([(younger.Key, null), (null, older.Key)], Pairs(tracker.Apply(Changes((older.Key, older)))));
    }

    [Fact]
    public void Apply_ChainOfOverlaps_OnlyAcceptedLeasesBlock()
    {
        PeerLeases tracker = Tracker();
        StoredEntry first = Entry("10.5.1.0-24&fd00:5:0:1::-64", 11);
        StoredEntry second = Entry("10.5.1.0-24&fd00:5:0:2::-64", 12);
        StoredEntry third = Entry("10.5.3.0-24&fd00:5:0:2::-64", 13);

        var snapshot = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([third, second, first], _revision)));
        Assert.Equal([first.Key, third.Key], Keys(snapshot.Peers));
        _revision++;

        Assert.Equal(
            [(first.Key, null), (third.Key, null), (null, second.Key)],
            Pairs(tracker.Apply(Changes((first.Key, null)))));
    }

    [Fact]
    public void Apply_OverlapWithTheOwnLease_OursWinsWhateverItsAge()
    {
        PeerLeases tracker = Tracker();

        var snapshot = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([Entry("10.5.200.0-24", 2), Entry(Own, 1)], _revision)));

        Assert.Empty(snapshot.Peers);
        Assert.Equal("10.5.200.0-24", Assert.Single(tracker.TakeQuarantine()!.Leases).Key);
    }

    [Fact]
    public void Apply_CorruptDocumentInANewLifeOfTheKey_HasNoLastGoodState()
    {
        PeerLeases tracker = Tracker();
        StoredEntry good = Entry("10.5.2.0-24", 2);
        tracker.Apply(new StoreSnapshot([good], _revision));
        _revision++;

        StoredEntry sameLife = good with { Value = Encoding.UTF8.GetBytes("{"), ModRevision = _revision };
        Assert.Null(tracker.Apply(Changes((good.Key, sameLife))));
        _revision++;
        StoredEntry otherLife = sameLife with { CreateRevision = _revision, ModRevision = _revision };
        Assert.Equal([(good.Key, null)], Pairs(tracker.Apply(Changes((good.Key, otherLife)))));
    }

    [Fact]
    public void Apply_TwoLeasesThatSayTheSame_AreOneHost()
    {
        PeerLeases tracker = Tracker();
        StoredEntry former = Entry("10.5.2.0-24", 2);
        StoredEntry current = Entry("10.5.3.0-24", 2);

        LeaseSnapshot snapshot = Assert.IsType<LeaseSnapshot>(tracker.Apply(new StoreSnapshot([former, current], _revision)));

        Assert.Equal([former.Key, current.Key], snapshot.Peers.Select(static lease => lease.Key.ToString()).Order());
        Assert.Null(tracker.TakeQuarantine());
        _revision++;
        StoredEntry other = current with { Value = SubnetManagerLab.Attributes(2, "9").ToUtf8Json(), ModRevision = _revision };
        Assert.Equal([(current.Key, null)], Pairs(tracker.Apply(Changes((current.Key, other)))));
    }

    [Fact]
    public void TakeRefused_SameDocumentListedAgain_IsReportedOnce()
    {
        PeerLeases tracker = Tracker();
        StoredEntry bad = Entry("10.5.2.0-24", 2) with { Value = Encoding.UTF8.GetBytes("{") };
        tracker.Apply(new StoreSnapshot([bad], _revision));
        Assert.Equal(1, tracker.TakeRefused().Count);
        Assert.NotNull(tracker.TakeQuarantine());

        tracker.Apply(new StoreSnapshot([bad], ++_revision));

        Assert.Equal(0, tracker.TakeRefused().Count);
        Assert.Null(tracker.TakeQuarantine());
        tracker.Apply(new StoreSnapshot([bad with { ModRevision = ++_revision }], _revision));
        Assert.Equal(1, tracker.TakeRefused().Count);
    }

    [Fact]
    public void Apply_RandomHistories_AgreeWithTheSlowModel()
    {
        for (int seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            PeerLeases tracker = Tracker();
            var store = new Dictionary<string, StoredEntry>();
            var model = new SlowPeerLeases(DualStack, SubnetKey.Parse(Own));
            var delivered = new Dictionary<string, LeaseAttributes>();
            for (int step = 0; step < 60; step++)
            {
                var batch = new List<StoreChange>();
                for (int i = random.Next(1, 4); i > 0; i--)
                    batch.Add(RandomChange(store, random));
                bool isSnapshot = step == 0 || random.Next(6) == 0;
                SubnetEvent? result = isSnapshot
                    ? tracker.Apply(new StoreSnapshot([.. store.Values], _revision))
                    : tracker.Apply(new StoreChanges(batch, _revision));
                if (isSnapshot)
                    model.Observe(store.Values, clear: true);
                else
                    batch.ForEach(model.Observe);
                Apply(delivered, result);

                Assert.Equal(model.Accepted().OrderBy(pair => pair.Key), delivered.OrderBy(pair => pair.Key));
            }
        }
    }

    [Fact]
    public void Apply_OneChangeAmongTenThousandPeers_CostsMicroseconds()
    {
        PeerLeases tracker = new(
            NetworkConfig.Parse("""{"Network":"10.0.0.0/8","Backend":{"Type":"vxlan"}}""", "test"),
            new LeaseRules(
                NetworkConfig.Parse("""{"Network":"10.0.0.0/8"}""", "test"), SubnetManagerLab.Attributes(1), SubnetKey.Parse("10.255.0.0-24")),
            null,
            SubnetKey.Parse("10.255.0.0-24"));
        tracker.Apply(new StoreSnapshot([.. Enumerable.Range(0, 10_000).Select(i => Entry($"10.{1 + (i / 256)}.{i % 256}.0-24", 2 + i))], _revision));
        StoreChanges Change(int i)
        {
            _revision++;
            string key = $"10.{1 + (i % 10_000 / 256)}.{i % 256}.0-24";
            return Changes((key, Entry(key, 2 + i, mac: (i % 2 == 0 ? 10 : 20).ToString(System.Globalization.CultureInfo.InvariantCulture))));
        }

        for (int i = 0; i < 2000; i++)
            tracker.Apply(Change(i));
        StoreChanges[] changes = [.. Enumerable.Range(2000, 2000).Select(Change)];
        long bytes = GC.GetAllocatedBytesForCurrentThread();
        long started = TimeProvider.System.GetTimestamp();
        foreach (StoreChanges change in changes)
            Assert.NotNull(tracker.Apply(change));
        TimeSpan each = TimeProvider.System.GetElapsedTime(started) / changes.Length;

        output.WriteLine(
            $"One change among 10,000 peers: {each.TotalMicroseconds:0.0} us, " +
            $"{(GC.GetAllocatedBytesForCurrentThread() - bytes) / changes.Length:N0} bytes.");
        Assert.True(each < TimeSpan.FromMilliseconds(100), $"{each}");
    }

    [Fact]
    public void Apply_FloodOfClaimsToOneSubnet_StaysLinear()
    {
        PeerLeases tracker = Tracker();
        StoredEntry first = Entry("10.5.1.0-24", 2);
        tracker.Apply(
            new StoreSnapshot(
                [first, .. Enumerable.Range(0, 20_000).Select(i => Entry($"10.5.1.0-24&fd00:5:0:{i + 1000:x}::-64", 3 + i))], _revision));
        _revision++;
        long started = TimeProvider.System.GetTimestamp();

        SubnetEvent? result = tracker.Apply(Changes((first.Key, null)));

        Assert.Equal(2, Assert.IsType<LeaseChanges>(result).Changes.Count);
        Assert.Equal(19_999, tracker.TakeQuarantine()!.Leases.Count);
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }

    private static PeerLeases Tracker() =>
        new(DualStack, new LeaseRules(DualStack, SubnetManagerLab.Attributes(1), SubnetKey.Parse(Own)), null, SubnetKey.Parse(Own));

    private static IEnumerable<string> Keys(IEnumerable<Lease> leases) => leases.Select(lease => lease.Key.ToString()).Order(StringComparer.Ordinal);

    private static IEnumerable<(string? Before, string? After)> Pairs(SubnetEvent? result) =>
        Assert.IsType<LeaseChanges>(result).Changes.Select(change => (change.Before?.Key.ToString(), change.After?.Key.ToString()));

    private static void Apply(Dictionary<string, LeaseAttributes> delivered, SubnetEvent? result)
    {
        IEnumerable<LeaseChange> changes = result switch
        {
            LeaseSnapshot snapshot => snapshot.Peers.Select(peer => new LeaseChange(null, peer)),
            LeaseChanges some => some.Changes,
            _ => [],
        };
        foreach (LeaseChange change in changes)
        {
            Assert.Equal(change.Before?.Attributes, change.Before is { } before ? delivered[before.Key.ToString()] : null);
            Assert.NotEqual(change.Before?.Attributes, change.After?.Attributes);
            if (change.Before is { } gone)
                delivered.Remove(gone.Key.ToString());
            if (change.After is { } came)
                delivered.Add(came.Key.ToString(), came.Attributes);
        }
    }

    private StoredEntry Entry(string key, int host, string mac = "1")
    {
        _revision++;
        return new StoredEntry(key, SubnetManagerLab.Attributes(host, mac).ToUtf8Json(), _revision, _revision, HasTimeToLive: true);
    }

    private StoreChanges Changes(params (string Key, StoredEntry? Entry)[] changes) =>
        new([.. changes.Select(change => new StoreChange(change.Key, change.Entry))], _revision);

    private StoreChange RandomChange(Dictionary<string, StoredEntry> store, Random random)
    {
        string key = random.Next(10) switch
        {
            8 => $"10.5.{random.Next(0, 2) * 2}.0-23",
            9 => $"10.5.{random.Next(1, 4)}.128-25&fd00:5:0:{random.Next(0, 2) * 2}::-63",
            0 => "stray",
            1 => $"10.5.{random.Next(1, 4)}.0-25",
            2 => $"10.5.{random.Next(1, 4)}.0-24",
            3 => $"0.0.0.0-0&fd00:5:0:{random.Next(1, 4)}::-64",
            4 => Own,
            _ => $"10.5.{random.Next(1, 4)}.0-24&fd00:5:0:{random.Next(1, 4)}::-64",
        };
        _revision++;
        if (random.Next(4) == 0)
        {
            store.Remove(key);
            return new StoreChange(key, null);
        }

        byte[] document = random.Next(5) switch
        {
            0 => Encoding.UTF8.GetBytes("{ corrupt"),
            1 => SubnetManagerLab.Attributes(1).ToUtf8Json(),
            _ => SubnetManagerLab.Attributes(random.Next(2, 6), $"{random.Next(10, 13)}").ToUtf8Json(),
        };
        var entry = new StoredEntry(key, document, store.TryGetValue(key, out StoredEntry? old) ? old.CreateRevision : _revision, _revision, true);
        store[key] = entry;
        return new StoreChange(key, entry);
    }
}
