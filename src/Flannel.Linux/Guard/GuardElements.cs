using System.Collections;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Sets;

namespace Flannel.Linux.Guard;

/// <summary>The members of one set as elements, made while they are written: there may be many thousands.</summary>
internal sealed class GuardElements : IReadOnlyCollection<NftElement>
{
    private readonly List<NftValue> _keys;

    private GuardElements(NftSet set, int capacity) => (Set, _keys) = (set, new List<NftValue>(capacity));

    /// <summary>The set that they belong to.</summary>
    public NftSet Set { get; }

    public int Count => _keys.Count;

    /// <summary>The members of each of a table's sets.</summary>
    public static IEnumerable<GuardElements> Of(IReadOnlyCollection<GuardMember> members, GuardTable table)
    {
        int usual = members.Count / Math.Max(1, table.Lengths.Count); // a peer has one in each set
        Dictionary<int, GuardElements> sets =
            table.Lengths.ToDictionary(static length => length, length => new GuardElements(table.SetFor(length), usual));
        foreach (GuardMember member in members)
        {
            if (sets.TryGetValue(member.Length, out GuardElements? set)) set._keys.Add(member.Key);
        }

        return sets.Values.Where(static elements => elements.Count > 0);
    }

    public IEnumerator<NftElement> GetEnumerator()
    {
        foreach (NftValue key in _keys) yield return new NftElement(key);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
