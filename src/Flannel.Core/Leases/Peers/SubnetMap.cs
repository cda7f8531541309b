using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Flannel.Core.Addressing;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Values by subnet, found by overlap: two subnets overlap exactly if they are equal or one lies inside the other. While all subnets of a family have
/// one length, as in most networks, finding is one look into a dictionary, and nothing is sorted.
/// </summary>
/// <typeparam name="T">What a subnet stands for.</typeparam>
internal sealed class SubnetMap<T>
    where T : class
{
    private static readonly Comparer<Subnet> ByAddress = Comparer<Subnet>.Create(static (left, right) =>
        (left.Family, left.First, left.PrefixLength).CompareTo((right.Family, right.First, right.PrefixLength)));

    private readonly Dictionary<Subnet, T> _values = [];
    private readonly int[] _ipv4Lengths = new int[33];
    private readonly int[] _ipv6Lengths = new int[129];
    private SortedSet<Subnet>? _sorted; // from the first question on that needs it

    public bool TryGet(Subnet subnet, [NotNullWhen(true)] out T? value) => _values.TryGetValue(subnet, out value);

    public void Add(Subnet subnet, T value)
    {
        _values.Add(subnet, value);
        _sorted?.Add(subnet);
        Lengths(subnet.Family)[subnet.PrefixLength]++;
    }

    public void Remove(Subnet subnet)
    {
        if (!_values.Remove(subnet)) return;
        _sorted?.Remove(subnet);
        Lengths(subnet.Family)[subnet.PrefixLength]--;
    }

    /// <summary>
    /// Finds the entry of a subnet where no other can share an address with it, because all subnets of its family have one length.
    /// </summary>
    /// <returns>Whether that is so; if not, <see cref="Overlapping"/> tells.</returns>
    public bool TryGetOnly(Subnet subnet, [NotNullWhen(true)] out T? value)
    {
        int[] lengths = Lengths(subnet.Family);
        value = null;
        return lengths.AsSpan().Count(0) == lengths.Length - 1 && TryGet(subnet, out value);
    }

    /// <summary>Every entry that shares an address with a subnet, that of the subnet itself included.</summary>
    public IEnumerable<KeyValuePair<Subnet, T>> Overlapping(Subnet subnet)
    {
        int[] lengths = Lengths(subnet.Family);
        for (int length = 0; length <= subnet.PrefixLength; length++)
        {
            if (lengths[length] == 0) continue;
            var outer = new Subnet(subnet.First, length, subnet.Family);
            if (_values.TryGetValue(outer, out T? value)) yield return new(outer, value);
        }

        if (!lengths.AsSpan(subnet.PrefixLength + 1).ContainsAnyExcept(0)) yield break;
        int width = lengths.Length - 1;
        var first = new Subnet(subnet.First, subnet.PrefixLength, subnet.Family);
        var last = new Subnet(subnet.Last, width, subnet.Family);
        _sorted ??= new SortedSet<Subnet>(_values.Keys, ByAddress);
        foreach (Subnet inner in _sorted.GetViewBetween(first, last))
        {
            if (inner.PrefixLength > subnet.PrefixLength) yield return new(inner, _values[inner]);
        }
    }

    private int[] Lengths(AddressFamily family) => family == AddressFamily.InterNetwork ? _ipv4Lengths : _ipv6Lengths;
}
