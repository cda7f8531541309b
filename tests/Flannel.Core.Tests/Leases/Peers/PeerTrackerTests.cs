using System.Collections.Immutable;
using System.Net;
using Flannel.Core.Leases.Peers;
using Flannel.Extensibility;
using Flannel.Lab.Fuzzing;
using Flannel.Lab.Logging;
using Flannel.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Core.Tests.Leases.Peers;

/// <summary>The tracker as a store outside uses it: by names, not by keys.</summary>
public sealed class PeerTrackerTests
{
    private readonly Queue<SubnetEvent> _results = new();
    private readonly PeerTracker _tracker;

    public PeerTrackerTests() => _tracker = NewTracker(new PeerLimits { AreSubnetsAssigned = true });

    [Fact]
    public void FirstEntries_AreASnapshot_LaterOnesDifferences()
    {
        _tracker.Replace([Entry("a", 2), Entry("b", 3)], 10, TimeSpan.Zero);
        Assert.Equal(2, Take<LeaseSnapshot>().Peers.Count);

        _tracker.Replace([Entry("a", 2), Entry("b", 3)], 11, TimeSpan.Zero);
        Assert.Empty(_results);
        _tracker.Replace([Entry("b", 3, address: 99)], 12, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", null), ("10.244.3.0-24", "10.244.3.0-24")], Changes());
    }

    [Fact]
    public void Name_WithOtherSubnets_IsARemovalAndAnAddition()
    {
        Begin(Entry("a", 2));

        _tracker.Change([new PeerEntryChange("a", Entry("a", 7))], 11, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", null), (null, "10.244.7.0-24")], Changes());
    }

    [Fact]
    public void Name_ThatChangesHands_TwiceInOneBatch_LosesNothing()
    {
        Begin(Entry("a", 2));

        _tracker.Change(
            [
                new PeerEntryChange("a", null),
                new PeerEntryChange("a", Entry("a", 7, "2")),
                new PeerEntryChange("a", null),
                new PeerEntryChange("a", Entry("a", 8, "3")),
            ], 11, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", null), (null, "10.244.8.0-24")], Changes());
    }

    [Fact]
    public void AnotherIncarnation_WithTheSameSubnets_IsAChange_OrNothing()
    {
        Begin(Entry("a", 2));

        _tracker.Change([new PeerEntryChange("a", null), new PeerEntryChange("a", Entry("a", 2, "2"))], 11, TimeSpan.Zero);
        Assert.Empty(_results);
        _tracker.Change([new PeerEntryChange("a", Entry("a", 2, "3", address: 99))], 12, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", "10.244.2.0-24")], Changes());
    }

    [Fact]
    public void BadEntry_LeavesTheLastGoodState_OfTheSameIncarnationOnly()
    {
        Begin(Entry("a", 2));

        _tracker.Change([new PeerEntryChange("a", Entry("a", 2) with { Attributes = null, Problem = "it is bad" })], 11, TimeSpan.Zero);
        Assert.Equal("it is bad", Assert.Single(Take<QuarantineChanged>().Leases).Reason);
        Assert.Empty(_results);
        _tracker.Change([new PeerEntryChange("a", Entry("a", 2, "2") with { Attributes = null, Problem = "it is bad" })], 12, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", null)], Changes());
    }

    [Fact]
    public void Subnet_ThatPassesToAnotherName_IsOneChange()
    {
        Begin(Entry("a", 2));

        _tracker.Change([new PeerEntryChange("a", null), new PeerEntryChange("b", Entry("b", 2, address: 50))], 11, TimeSpan.Zero);
        Assert.Equal([("10.244.2.0-24", "10.244.2.0-24")], Changes());
        _tracker.Change([new PeerEntryChange("b", null), new PeerEntryChange("c", Entry("c", 2, address: 50))], 12, TimeSpan.Zero);
        Assert.Empty(_results);
        _tracker.Change([new PeerEntryChange("c", null)], 13, TimeSpan.Zero);
        Assert.Equal([("10.244.2.0-24", null)], Changes());
    }

    [Fact]
    public void TwoNames_WithOneSubnet_AreSettledByAge()
    {
        Begin(Entry("young", 2) with { CreateRevision = 20 }, Entry("old", 2, address: 50) with { CreateRevision = 10 });

        Assert.Equal("young", Assert.Single(Take<QuarantineChanged>(last: true).Leases).Key);
        _tracker.Change([new PeerEntryChange("old", null)], 11, TimeSpan.Zero);

        Assert.Equal([("10.244.2.0-24", "10.244.2.0-24")], Changes());
    }

    [Fact]
    public void Subnets_OfAnyLength_AreRight_WhereTheyAreAssigned()
    {
        PeerTracker strict = NewTracker(new PeerLimits());
        PeerEntry half = Entry("a", 2) with { Subnets = new SubnetKey(IPNetwork.Parse("10.244.128.0/17"), null) };

        Begin(half);
        Assert.Empty(_results);
        strict.Replace([half], 1, TimeSpan.Zero);

        Assert.Contains("too large", Take<QuarantineChanged>().Leases[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Entry_WithoutSubnetsOrAttributes_IsRefused_AndLeaves()
    {
        Begin(new PeerEntry("a"), Entry("b", 3) with { Attributes = null });

        Assert.Equal(
            ["it names no subnet", "it publishes nothing"],
            Take<QuarantineChanged>(last: true).Leases.OrderBy(lease => lease.Key).Select(lease => lease.Reason));
        _tracker.Change([new PeerEntryChange("a", null), new PeerEntryChange("b", null)], 11, TimeSpan.Zero);
        Assert.Empty(Take<QuarantineChanged>().Leases);
    }

    [Fact]
    public void Departure_WaitsForItsGrace()
    {
        PeerTracker patient = NewTracker(new PeerLimits { GracePeriod = TimeSpan.FromSeconds(2) });
        patient.Replace([Entry("a", 2)], 1, TimeSpan.Zero);
        _results.Clear();

        patient.Change([new PeerEntryChange("a", null)], 2, TimeSpan.FromSeconds(10));
        Assert.Empty(_results);
        Assert.Equal(TimeSpan.FromSeconds(12), patient.DueAt);
        patient.CatchUp(TimeSpan.FromSeconds(12));

        Assert.Equal([("10.244.2.0-24", null)], Changes());
    }

    [Theory]
    [InlineData("name")]
    [InlineData("problem")]
    [InlineData("backend")]
    [InlineData("rule")]
    [InlineData("error of a rule")]
    public void Refusal_ThatQuotesOthers_IsShownAndShort(string where)
    {
        var logger = new RecordingLogger<PeerTracker>();
        PeerEntry entry = Entry(where == "name" ? HostileText.Sample : "a", 2);
        if (where is "name" or "problem") entry = entry with { Problem = $"it is {HostileText.Sample}" };
        if (where == "backend") entry = entry with { Attributes = entry.Attributes! with { BackendType = HostileText.Sample } };
        PeerTracker tracker = NewTracker(new PeerLimits(), null, Rule, logger, where == "backend" ? "vxlan" : null);

        tracker.Replace([entry], 1, TimeSpan.Zero);

        QuarantineChanged refused = Take<QuarantineChanged>();
        Assert.True(HostileText.IsShown(Assert.Single(refused.Leases).Reason, 600), refused.Leases[0].Reason);
        Assert.True(HostileText.IsShown(refused.ToString(), 1000), refused.ToString());
        Assert.All(logger.Lines, line => Assert.True(HostileText.IsShown(line.Text, 1000), line.Text));
        Assert.NotEmpty(logger.Lines);

        string? Rule(Lease lease) => where switch
        {
            "rule" => $"its text is {HostileText.Sample}",
            "error of a rule" => throw new InvalidOperationException(HostileText.Sample),
            _ => null,
        };
    }

    [Fact]
    public void PeersOfTheSessionBefore_AreHeld_UnlessTheRulesOrAnotherLeaseStandAgainstThem()
    {
        var memory = new PeerMemory(new FakeTimeProvider())
        {
            // as they stand; ours now; of a network that was; leased by another host now; not to the backend's taste
            Told = new[] { 2, 3, 1, 300, 4, 13 }.Select(Told).ToImmutableDictionary(static peer => peer.Key),
        };
        PeerTracker next = NewTracker(
            new PeerLimits { GracePeriod = TimeSpan.FromSeconds(2), MassRemovalGracePeriod = TimeSpan.FromMinutes(2) },
            memory,
            static peer => peer.Key == Told(13).Key ? "its number is bad" : null);

        next.Replace([Entry("b", 3), Entry("d", 4) with { Subnets = SubnetKey.Parse("10.244.4.128-25") }], 9, TimeSpan.FromSeconds(7));

        Assert.Equal(
            ["10.244.2.0-24", "10.244.3.0-24", "10.244.4.128-25"],
            Take<LeaseSnapshot>().Peers.Select(static peer => peer.Key.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(TimeSpan.FromSeconds(9), next.DueAt);
        next.CatchUp(TimeSpan.FromSeconds(9));
        Assert.Equal([("10.244.2.0-24", null)], Changes());

        static Lease Told(int subnet) => new()
        {
            Key = SubnetKey.Parse(subnet < 256 ? $"10.244.{subnet}.0-24" : "10.99.0.0-24"),
            Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse($"192.168.1.{subnet % 256}") },
        };
    }

    [Fact]
    public void PeersThatAreHeldAlready_AreToldOfInEverySession()
    {
        var limits = new PeerLimits { GracePeriod = TimeSpan.FromSeconds(2), MassRemovalGracePeriod = TimeSpan.FromMinutes(2) };
        var memory = new PeerMemory(new FakeTimeProvider());
        PeerTracker first = NewTracker(limits, memory);
        first.Replace([Entry("a", 2), Entry("b", 3), Entry("c", 4)], 1, TimeSpan.Zero);
        memory.Told = Take<LeaseSnapshot>().Peers.ToImmutableDictionary(static peer => peer.Key);
        first.Change([new PeerEntryChange("a", null), new PeerEntryChange("b", null), new PeerEntryChange("c", null)], 2, TimeSpan.Zero);
        Assert.Equal(3, Take<PeersRetained>().Count);

        PeerTracker second = NewTracker(limits, memory);
        Assert.Equal(TimeSpan.MaxValue, second.DueAt);
        second.Replace([], 3, TimeSpan.Zero);

        Assert.Equal(3, Assert.IsType<LeaseSnapshot>(_results.Dequeue()).Peers.Count);
        Assert.Equal(3, Assert.IsType<PeersRetained>(_results.Dequeue()).Count);
    }

    private PeerTracker NewTracker(
        PeerLimits limits, PeerMemory? memory = null, Func<Lease, string?>? rule = null, ILogger? logger = null, string? backendType = null) => new(
        new LeaseRequest
        {
            Config = NetworkConfig.Parse("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""", "test"),
            Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.0.1"), BackendType = backendType },
            Peers = memory,
            PeerRule = rule,
        },
        SubnetKey.Parse("10.244.1.0-24"),
        limits,
        _results,
        logger ?? NullLogger.Instance);

    private static PeerEntry Entry(string name, int subnet, string incarnation = "1", int? address = null) => new(name)
    {
        Incarnation = incarnation,
        Subnets = SubnetKey.Parse($"10.244.{subnet}.0-24"),
        Attributes = new LeaseAttributes { PublicIP = IPAddress.Parse($"192.168.0.{address ?? subnet}") },
        ModRevision = 1,
    };

    private void Begin(params PeerEntry[] entries)
    {
        _tracker.Replace(entries, 10, TimeSpan.Zero);
        QuarantineChanged? quarantine = _results.OfType<QuarantineChanged>().LastOrDefault();
        _results.Clear();
        if (quarantine is not null)
            _results.Enqueue(quarantine);
    }

    private T Take<T>(bool last = false)
        where T : SubnetEvent
    {
        T found = last ? _results.OfType<T>().Last() : _results.OfType<T>().First();
        _results.Clear();
        return found;
    }

    private IEnumerable<(string? Before, string? After)> Changes() =>
        Take<LeaseChanges>().Changes.Select(change => (change.Before?.Key.ToString(), change.After?.Key.ToString()));
}
