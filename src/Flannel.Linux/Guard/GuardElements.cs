using System.Collections;
using Flannel.Netlink.Netfilter.Sets;

namespace Flannel.Linux.Guard;

/// <summary>The members of one set as elements, made while they are written: there may be many thousands.</summary>
internal sealed class GuardElements : IReadOnlyCollection<NftElement>
{
    private readonly IReadOnlyCollection<GuardMember> _members;
    private readonly int _length;

    private GuardElements(IReadOnlyCollection<GuardMember> members, int length, NftSet set)
    {
        (_members, _length, Set) = (members, length, set);
        Count = members.Count(member => member.Length == length);
    }

    /// <summary>The set that they belong to.</summary>
    public NftSet Set { get; }

    public int Count { get; }

    /// <summary>The members of each of a table's sets.</summary>
    public static IEnumerable<GuardElements> Of(IReadOnlyCollection<GuardMember> members, GuardTable table) =>
        table.Lengths.Select(length => new GuardElements(members, length, table.SetFor(length))).Where(static elements => elements.Count > 0);

    public IEnumerator<NftElement> GetEnumerator()
    {
        foreach (GuardMember member in _members)
        {
            if (member.Length == _length) yield return new NftElement(member.Key);
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
