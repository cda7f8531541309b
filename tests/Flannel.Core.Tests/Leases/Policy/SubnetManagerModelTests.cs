using Flannel.Core.Tests.Leases.Peers;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Testing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Leases.Policy;

/// <summary>
/// One node against everything that others, operators, the store and the clock can do, in any order. After each step the node must arrive at what a
/// slow model reads out of the store; what somebody else holds must never be overwritten.
/// </summary>
public sealed class SubnetManagerModelTests
{
    private const string Own = "10.5.200.0-24&fd00:5:0:200::-64";

    private enum Step
    {
        PutPeer,
        DeletePeer,
        CorruptPeer,
        PutStray,
        DeleteOwn,
        TakeOwn,
        StoreGoesAway,
        StoreComesBack,
        Compact,
        BreakWatch,
        LoseAnswers,
        PassMinutes,
        PassHours,
    }

    [Fact]
    public void Watch_AnyHistory_ArrivesAtWhatTheStoreSays()
    {
        Gen<(Step, int)[]> histories = Gen.ArrayOf(
            Gen.Choose(0, Enum.GetValues<Step>().Length - 1).SelectMany(step => Gen.Choose(0, 9999).Select(choice => ((Step)step, choice))));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(60).WithEndSize(40),
            Prop.ForAll(histories.ToArbitrary(), history => Task.Run(() => new Run().PlayAsync(history)).GetAwaiter().GetResult()));
    }

    private sealed class Run
    {
        private readonly SubnetManagerLab _lab = new(SubnetManagerLab.DualStackNetwork);
        private readonly LabNode _node;
        private readonly SlowPeerLeases _model;

        public Run()
        {
            _node = _lab.Node(1, previous: Own);
            _model = new SlowPeerLeases(_lab.Config, SubnetKey.Parse(Own));
        }

        public async Task PlayAsync((Step Step, int Choice)[] history)
        {
            await _node.AcquireAsync();
            await using LeaseFollower follower = _node.Follow();
            Assert.Equal(Own, follower.Own.Key.ToString());
            await follower.NextAsync<LeaseSnapshot>();
            foreach ((Step step, int choice) in history)
            {
                await DoAsync(step, choice, follower);
                if (_node.Store.Away is null)
                    await ArriveAsync(follower);
            }
        }

        private async Task DoAsync(Step step, int choice, LeaseFollower follower)
        {
            string key = PeerKey(choice);
            switch (step)
            {
                case Step.PutPeer:
                    _lab.PutPeer(key, host: 2 + (choice % 3), mac: $"{10 + (choice % 2)}");
                    break;
                case Step.DeletePeer:
                    _lab.Store.Delete(key);
                    break;
                case Step.CorruptPeer:
                    _lab.PutText(key, "{ corrupt");
                    break;
                case Step.PutStray:
                    _lab.PutText("stray", "{}");
                    break;
                case Step.DeleteOwn:
                    _lab.Store.Delete(Own);
                    break;
                case Step.TakeOwn:
                    _lab.PutPeer(Own, host: 9);
                    break;
                case Step.StoreGoesAway when _node.Store.Away is null:
                    _node.Store.Away = FaultyLeaseStore.NoAnswer;
                    while (!follower.IsStoreAway)
                        await follower.NextAsync();
                    break;
                case Step.StoreComesBack:
                    _node.Store.Away = null;
                    break;
                case Step.Compact:
                    _lab.Store.Compact(_lab.Store.Revision);
                    break;
                case Step.BreakWatch:
                    _node.Store.BreakWatches();
                    break;
                case Step.LoseAnswers:
                    _node.Store.LoseAnswerOfNext(StoreOperation.Create);
                    _node.Store.LoseAnswerOfNext(StoreOperation.Renew);
                    break;
                case Step.PassMinutes:
                    _lab.Time.Advance(TimeSpan.FromMinutes(choice % 30));
                    break;
                case Step.PassHours:
                    _lab.Time.Advance(TimeSpan.FromHours(choice % 30));
                    _lab.StoreTime.Advance(TimeSpan.FromHours(choice % 30));
                    break;
            }
        }

        /// <summary>Lets the node's timers fire until it has told what the model expects.</summary>
        private async Task ArriveAsync(LeaseFollower follower)
        {
            long deadline = TimeProvider.System.GetTimestamp();
            while (true)
            {
                IReadOnlyList<StoredEntry> entries = (await _lab.Store.ListAsync(null, CancellationToken.None)).Entries;
                StoredEntry? own = entries.SingleOrDefault(entry => entry.Key == Own);
                bool isTaken = own is not null ? !IsBy(own, 1) : entries.Any(IsRival);
                _model.Observe(entries, clear: true);
                follower.Pending();
                bool ownIsRight = isTaken
                    ? follower.State == OwnLeaseState.Taken
                    : own is not null && follower.State is not OwnLeaseState.Taken and not OwnLeaseState.Lost
                        && follower.Own.ModRevision == own.ModRevision;
                if (ownIsRight
                    && !follower.IsStoreAway
                    && Same(
                        _model.Accepted().Select(pair => (pair.Key, pair.Value)), follower.Peers.Select(pair => (pair.Key, pair.Value.Attributes)))
                    && Same(_model.Refused().Select(key => (key, true)), follower.Quarantine.Select(lease => (lease.Key, true))))
                {
                    return;
                }

                Assert.True(
                    TimeProvider.System.GetElapsedTime(deadline) < TimeSpan.FromSeconds(30),
                    $"own {follower.State} {own}; peers {string.Join(", ", follower.Peers.Keys)}; quarantine " +
                    $"{string.Join(", ", follower.Quarantine)}; expected taken: {isTaken}; peers {string.Join(", ", _model.Accepted().Keys)}; " +
                    $"refused {string.Join(", ", _model.Refused())}");
                await Task.Delay(1);
                // A pending retry is a matter of seconds; the next renewal or listing is not what brings the node there.
                if (_lab.Time.ArmedTimers is [var left, ..] && left <= TimeSpan.FromMinutes(1))
                    _lab.Time.Advance(left);
            }
        }

        private static bool Same<T>(IEnumerable<(string Key, T Value)> left, IEnumerable<(string Key, T Value)> right) =>
            left.OrderBy(pair => pair.Key, StringComparer.Ordinal).SequenceEqual(right.OrderBy(pair => pair.Key, StringComparer.Ordinal));

        private static bool IsBy(StoredEntry entry, int host) =>
            LeaseAttributes.TryParse(entry.Value, out LeaseAttributes? attributes, out _)
            && Equals(attributes.PublicIP, SubnetManagerLab.Attributes(host).PublicIP);

        private static bool IsRival(StoredEntry entry) =>
            entry.Key != Own
            && SubnetKey.TryParse(entry.Key, out SubnetKey key)
            && (key.IPv4 == SubnetKey.Parse(Own).IPv4 || key.IPv6 == SubnetKey.Parse(Own).IPv6)
            && LeaseAttributes.TryParse(entry.Value, out _, out _);

        private static string PeerKey(int choice) => (choice % 11) switch
        {
            9 => "10.5.200.0-24&fd00:5:0:9::-64",
            10 => "10.5.1.0-24",
            var other => $"10.5.{(other / 3) + 1}.0-24&fd00:5:0:{(other % 3) + 1}::-64",
        };
    }
}
