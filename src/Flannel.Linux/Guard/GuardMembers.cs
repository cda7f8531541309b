using System.Runtime.InteropServices;
using Flannel.Extensibility;

namespace Flannel.Linux.Guard;

/// <summary>
/// What the guard's sets should hold, and what is not written yet. Two peers may need the same element, as while a host changes its lease. Not for
/// several threads at once.
/// </summary>
internal sealed class GuardMembers
{
    private const int FewMembers = 1000;

    private readonly Dictionary<SubnetKey, GuardedPeer> _peers = [];
    private readonly Dictionary<GuardMember, int> _wanted = [];
    private readonly HashSet<GuardMember> _missing = [];
    private readonly HashSet<GuardMember> _surplus = [];
    private readonly GuardMember[] _ofPeer = new GuardMember[GuardMember.MaximumOfPeer];
    private bool _isAllMissing = true; // nothing was written yet, and of very many members nobody needs to know that one by one

    /// <summary>What should be there.</summary>
    public IReadOnlyCollection<GuardMember> Wanted => _wanted.Keys;

    /// <summary>As many elements as a set has at most, what is surplus counted.</summary>
    public int LargestSet => _peers.Count + _surplus.Count;

    /// <summary>What has to be added.</summary>
    public IReadOnlyCollection<GuardMember> Missing => _isAllMissing ? _wanted.Keys : _missing;

    /// <summary>What is there for peers that are none any more.</summary>
    public IReadOnlyCollection<GuardMember> Surplus => _surplus;

    /// <summary>Replaces all peers.</summary>
    public void Replace(IReadOnlyCollection<GuardedPeer> peers)
    {
        if (_peers.Count > 0)
        {
            HashSet<SubnetKey> kept = [.. peers.Select(static peer => peer.Key)];
            foreach (SubnetKey gone in _peers.Keys.Where(key => !kept.Contains(key)).ToArray()) Remove(gone);
        }

        _peers.EnsureCapacity(peers.Count);
        _wanted.EnsureCapacity(GuardMember.MaximumOfPeer * peers.Count);
        foreach (GuardedPeer peer in peers) Put(peer);
    }

    /// <summary>Adds a peer or changes it.</summary>
    public void Put(GuardedPeer peer)
    {
        if (_peers.TryGetValue(peer.Key, out GuardedPeer? before) && before == peer) return;
        foreach (GuardMember member in Of(peer))
        {
            ref int count = ref CollectionsMarshal.GetValueRefOrAddDefault(_wanted, member, out _);
            if (count++ == 0 && !_isAllMissing && (_surplus.Count == 0 || !_surplus.Remove(member))) _missing.Add(member);
        }

        _peers[peer.Key] = peer;
        if (before is not null) Release(before);
    }

    /// <summary>Takes a peer away.</summary>
    public void Remove(SubnetKey key)
    {
        if (_peers.Remove(key, out GuardedPeer? before)) Release(before);
    }

    /// <summary>What was missing is there now, and if so said, what was surplus is not.</summary>
    public void Settle(bool isSurplusGone)
    {
        _isAllMissing = false;
        _missing.Clear();
        if (_missing.Capacity > FewMembers) _missing.TrimExcess(); // room for all of them is for the first time only
        if (isSurplusGone) _surplus.Clear();
    }

    private void Release(GuardedPeer peer)
    {
        foreach (GuardMember member in Of(peer))
        {
            int count = _wanted[member] - 1;
            if (count > 0)
            {
                _wanted[member] = count;
                continue;
            }

            _wanted.Remove(member);
            if (!_isAllMissing && !_missing.Remove(member)) _surplus.Add(member);
        }
    }

    private ReadOnlySpan<GuardMember> Of(GuardedPeer peer) => _ofPeer.AsSpan(0, GuardMember.Of(peer, _ofPeer));
}
