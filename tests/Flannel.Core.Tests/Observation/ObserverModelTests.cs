using System.Net;
using System.Text;
using Flannel.Core.Addressing;
using Flannel.Core.Leases;
using Flannel.Core.Tests.Administration;
using Flannel.Extensibility;
using Flannel.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Observation;

/// <summary>
/// An observer against everything that hosts, operators, the store and the clock can do, in any order: it must arrive at what a slow model reads out
/// of the store, whatever it saw on the way. A listing of the administration must say the same.
/// </summary>
public sealed class ObserverModelTests
{
    private static readonly string?[] Configs =
    [
        AdministrationLab.Network,
        """{"Network":"10.5.0.0/18","Backend":{"Type":"vxlan"}}""",
        """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"host-gw"}}""",
        """{"Network":"10.5.0.0/16"}""",
        "{ corrupt",
        null,
    ];

    private static readonly string[] Keys =
    [
        "10.5.1.0-24",
        "10.5.1.0-25",
        "10.5.1.128-25",
        "10.5.200.0-24",
        "10.5.2.0-24&fd00:5:0:1::-64",
        "10.5.3.0-24&fd00:5:0:1::-64",
        "10.5.0.0-16",
        "stray",
    ];

    private enum Step
    {
        Put,
        Reserve,
        Corrupt,
        Delete,
        SetConfig,
        StoreGoesAway,
        StoreComesBack,
        BreakWatch,
        Compact,
        Restore,
        PassHours,
    }

    [Fact]
    public void Watch_AnyHistory_ArrivesAtWhatTheStoreSays()
    {
        Gen<(Step, int)[]> histories = Gen.ArrayOf(
            Gen.Choose(0, Enum.GetValues<Step>().Length - 1).SelectMany(step => Gen.Choose(0, 9999).Select(choice => ((Step)step, choice))));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(100).WithEndSize(40),
            Prop.ForAll(histories.ToArbitrary(), history => Task.Run(() => new Run().PlayAsync(history)).GetAwaiter().GetResult()));
    }

    private sealed class Run
    {
        private readonly AdministrationLab _lab = new();
        private InMemoryLeaseStore _memory;

        public Run() => _memory = _lab.Memory;

        public async Task PlayAsync((Step Step, int Choice)[] history)
        {
            await using var reader = new ObserverReader(_lab.Observer);
            foreach ((Step step, int choice) in history)
            {
                await DoAsync(step, choice, reader);
                if (_lab.Store.Away is null) await ArriveAsync(reader);
            }
        }

        private async Task DoAsync(Step step, int choice, ObserverReader reader)
        {
            string key = Keys[choice % Keys.Length];
            LeaseAttributes host = AdministrationLab.Vxlan($"192.168.0.{1 + (choice % 3)}") with { PublicIPv6 = IPAddress.Parse("2001:db8::1") };
            switch (step)
            {
                case Step.Put:
                    LeaseAttributes attributes = choice % 5 == 0 ? host with { BackendType = "host-gw", BackendData = null } : host;
                    _memory.Put(key, attributes.ToUtf8Json(), TimeSpan.FromHours(1 + (choice % 30)));
                    break;
                case Step.Reserve:
                    _memory.Put(key, AdministrationLab.Host($"192.168.0.{1 + (choice % 3)}").ToUtf8Json(), null);
                    break;
                case Step.Corrupt:
                    _memory.Put(key, "{ corrupt"u8.ToArray(), TimeSpan.FromHours(10));
                    break;
                case Step.Delete:
                    _memory.Delete(key);
                    break;
                case Step.SetConfig:
                    _memory.SetConfig(Configs[choice % Configs.Length]);
                    break;
                case Step.StoreGoesAway when _lab.Store.Away is null:
                    _lab.Store.Away = FaultyLeaseStore.NoAnswer;
                    while (!reader.IsStoreAway) await reader.NextAsync();
                    break;
                case Step.StoreComesBack:
                    _lab.Store.Away = null;
                    break;
                case Step.BreakWatch:
                    _lab.Store.BreakWatches();
                    break;
                case Step.Compact:
                    _memory.Compact(_memory.Revision);
                    break;
                case Step.Restore when choice % 3 == 0:
                    await RestoreAsync();
                    break;
                case Step.PassHours:
                    _lab.Time.Advance(TimeSpan.FromHours(choice % 30));
                    break;
            }
        }

        /// <summary>From a backup: half of what there is, at other revisions.</summary>
        private async Task RestoreAsync()
        {
            StoreSnapshot snapshot = await _memory.ListAsync(null, CancellationToken.None);
            _memory = new InMemoryLeaseStore(Text(snapshot.Config), _lab.Time);
            foreach (StoredEntry entry in snapshot.Entries.Where(static entry => entry.Key.Length % 2 == 1))
                _memory.Put(entry.Key, entry.Value, entry.HasTimeToLive ? TimeSpan.FromHours(5) : null);
            _lab.Store.Inner = _memory;
            _lab.Store.BreakWatches();
        }

        private async Task ArriveAsync(ObserverReader reader)
        {
            long started = TimeProvider.System.GetTimestamp();
            while (true)
            {
                StoreSnapshot truth = await _memory.ListAsync(null, CancellationToken.None);
                Dictionary<string, (long Revision, bool IsReservation, bool IsRefused)> expected = Slow(truth);
                reader.Drain();
                if (reader.HasBegun
                    && !reader.IsStoreAway
                    && Same(expected, reader.Leases.Values)
                    && (Text(truth.Config), truth.ConfigRevision) == (reader.Config?.Json, reader.Config?.Revision ?? 0))
                {
                    Assert.True(Same(expected, await _lab.Administration.ListLeasesAsync()), "a listing says something else");
                    return;
                }

                Assert.True(
                    TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(30),
                    $"expected {string.Join(", ", expected)}; got {string.Join("; ", reader.Leases.Values)}; " +
                    $"config {Text(truth.Config)} and {reader.Config}");
                await Task.Delay(1);
                // A pending retry is a matter of seconds; the next listing is not what brings the observer there.
                if (_lab.Time.ArmedTimers is [var left, ..] && left <= TimeSpan.FromSeconds(10)) _lab.Time.Advance(left);
            }
        }
    }

    private static string? Text(ReadOnlyMemory<byte>? document) => document is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;

    private static bool Same(Dictionary<string, (long Revision, bool IsReservation, bool IsRefused)> expected, IEnumerable<StoredLease> leases) =>
        leases.OrderBy(static lease => lease.Key, StringComparer.Ordinal)
            .Select(static lease => (lease.Key, (lease.Revision, lease.IsReservation, lease.Refusal is not null)))
            .SequenceEqual(expected.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => (pair.Key, pair.Value)));

    /// <summary>
    /// What an observer should say, worked out from scratch: by age, each lease unless it overlaps one accepted before or has its address.
    /// </summary>
    private static Dictionary<string, (long Revision, bool IsReservation, bool IsRefused)> Slow(StoreSnapshot truth)
    {
        NetworkConfig? config = null;
        if (truth.Config is { } document) _ = Record.Exception(() => config = NetworkConfig.Parse(document.Span, "model"));
        LeaseRules? rules = config is null ? null : LeaseRules.OfObservers(config);
        var accepted = new List<(SubnetKey Key, LeaseAttributes Attributes)>();
        var result = new Dictionary<string, (long, bool, bool)>();
        foreach (StoredEntry entry in truth.Entries.OrderBy(static entry => entry.CreateRevision))
        {
            bool isKey = SubnetKey.TryParse(entry.Key, out SubnetKey key);
            bool isLease = LeaseAttributes.TryParse(entry.Value, out LeaseAttributes? attributes, out _) && isKey;
            bool isVacant = isLease && !entry.HasTimeToLive && attributes!.BackendType is null && config?.BackendType is "vxlan" or "host-gw";
            bool isJudged = isLease && !isVacant && rules is not null;
            bool isRefused = !isLease
                || (isJudged
                    && (rules!.Refuse(key, attributes!) is not null
                        || accepted.Exists(other => Overlaps(other.Key, key, config!) || SharesAddress(other, (key, attributes!), config!))));
            if (isJudged && !isRefused) accepted.Add((key, attributes!));
            result.Add(entry.Key, (entry.ModRevision, !entry.HasTimeToLive, isRefused));
        }

        return result;
    }

    private static bool SharesAddress(
        (SubnetKey Key, LeaseAttributes Attributes) left, (SubnetKey Key, LeaseAttributes Attributes) right, NetworkConfig config) =>
        !left.Attributes.Equals(right.Attributes) &&
        ((config.EnableIPv4 && left.Key.IPv4Subnet is not null && right.Key.IPv4Subnet is not null
            && Equals(left.Attributes.PublicIP, right.Attributes.PublicIP))
        || (config.EnableIPv6 && left.Key.IPv6Subnet is not null && right.Key.IPv6Subnet is not null
            && Equals(left.Attributes.PublicIPv6, right.Attributes.PublicIPv6)));

    private static bool Overlaps(SubnetKey left, SubnetKey right, NetworkConfig config) =>
        (config.EnableIPv4 && Overlap(left.IPv4Subnet, right.IPv4Subnet)) || (config.EnableIPv6 && Overlap(left.IPv6Subnet, right.IPv6Subnet));

    private static bool Overlap(Subnet? left, Subnet? right) => left is { } one && right is { } other && one.Overlaps(other);
}
