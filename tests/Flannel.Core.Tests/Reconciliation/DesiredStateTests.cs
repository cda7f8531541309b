using Flannel.Core.Reconciliation;
using Flannel.Extensibility;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Core.Tests.Reconciliation;

public sealed class DesiredStateTests
{
    /// <summary>Whatever happens, the state is what a slow model makes of the peers that there are, and every key that changed was told.</summary>
    [Fact]
    public void Set_AnyHistory_EqualsTheSlowModel()
    {
        // A few peers, keys and ages, so that they collide often.
        Gen<(int Peer, int Age, int[] Keys, bool IsRemoval)> step =
            from peer in Gen.Choose(1, 6)
            from age in Gen.Choose(1, 3)
            from keys in Gen.ArrayOf(Gen.Choose(1, 6))
            from removal in Gen.Choose(0, 3)
            select (peer, age, keys.Distinct().ToArray(), removal == 0);

        Prop.ForAll(Arb.From(Gen.ArrayOf(step)), history =>
        {
            var state = new DesiredState<int, int>();
            var peers = new Dictionary<SubnetKey, PeerEntries<int, int>>();
            Dictionary<int, int> before = [];
            foreach ((int number, int age, int[] keys, bool isRemoval) in history)
            {
                SubnetKey peer = SubnetKey.Parse($"10.5.{number}.0-24");
                var changed = new HashSet<int>();
                if (isRemoval)
                {
                    if (state.Remove(peer, changed) != peers.Remove(peer)) return false;
                }
                else
                {
                    var entries = new PeerEntries<int, int>(peer, age, [.. keys.Select(key => new KeyValuePair<int, int>(key, (10 * number) + key))]);
                    state.Set(entries, changed);
                    peers[peer] = entries;
                }

                (Dictionary<int, int> expected, HashSet<SubnetKey> excluded) = SlowModel(peers);
                Dictionary<int, int> found = Enumerable.Range(1, 6).Where(key => state.TryGet(key, out _))
                    .ToDictionary(key => key, key => state.TryGet(key, out int entry) ? entry : 0);
                bool isToldOfAll = Enumerable.Range(1, 6).All(key =>
                    changed.Contains(key)
                        || (before.TryGetValue(key, out int was) ? found.TryGetValue(key, out int now) && was == now : !found.ContainsKey(key)));
                if (!isToldOfAll || !excluded.SetEquals(state.Excluded.Keys)) return false;
                if (found.Count != expected.Count || expected.Any(pair => !found.Contains(pair))) return false;
                before = found;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    private static (Dictionary<int, int> Entries, HashSet<SubnetKey> Excluded) SlowModel(Dictionary<SubnetKey, PeerEntries<int, int>> peers)
    {
        var winners = new Dictionary<int, SubnetKey>();
        foreach (
            PeerEntries<int,
            int> peer in peers.Values.OrderBy(peer => peer.CreateRevision).ThenBy(peer => peer.Peer.ToString(), StringComparer.Ordinal))
        {
            foreach ((int key, _) in peer.Entries) winners.TryAdd(key, peer.Peer);
        }

        HashSet<SubnetKey> excluded =
            [.. peers.Values.Where(peer => peer.Entries.Any(entry => winners[entry.Key] != peer.Peer)).Select(peer => peer.Peer)];
        return (peers.Values.Where(peer => !excluded.Contains(peer.Peer)).SelectMany(peer => peer.Entries).ToDictionary(), excluded);
    }
}
