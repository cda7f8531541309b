using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Flannel.Core.Addressing;

namespace Flannel.Core.Leases.Peers;

/// <summary>
/// Values by subnet, found by overlap: two subnets overlap exactly if they are equal or one lies inside the other. While all subnets of a family have
/// one length, as in most networks, finding is one look into a dictionary.
/// </summary>
/// <typeparam name="T">What a subnet stands for.</typeparam>
internal sealed class SubnetMap<T>
    where T : class
{
    private static readonly Comparer<Subnet> ByAddress = Comparer<Subnet>.Create(static (left, right) =>
        left.First != right.First ? left.First.CompareTo(right.First) : left.PrefixLength.CompareTo(right.PrefixLength));

    private readonly Dictionary<Subnet, T> _values = [];
    private readonly SortedSet<Subnet> _ipv4 = new(ByAddress);
    private readonly SortedSet<Subnet> _ipv6 = new(ByAddress);
    private readonly int[] _ipv4Lengths = new int[33];
    private readonly int[] _ipv6Lengths = new int[129];

    public bool TryGet(Subnet subnet, [NotNullWhen(true)] out T? value) => _values.TryGetValue(subnet, out value);

    public void Add(Subnet subnet, T value)
    {
        _values.Add(subnet, value);
        Sorted(subnet.Family).Add(subnet);
        Lengths(subnet.Family)[subnet.PrefixLength]++;
    }

    public void Remove(Subnet subnet)
    {
        if (!_values.Remove(subnet)) return;
        Sorted(subnet.Family).Remove(subnet);
        Lengths(subnet.Family)[subnet.PrefixLength]--;
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
        foreach (Subnet inner in Sorted(subnet.Family).GetViewBetween(first, last))
        {
            if (inner.PrefixLength > subnet.PrefixLength) yield return new(inner, _values[inner]);
        }
    }

    private SortedSet<Subnet> Sorted(AddressFamily family) => family == AddressFamily.InterNetwork ? _ipv4 : _ipv6;

    private int[] Lengths(AddressFamily family) => family == AddressFamily.InterNetwork ? _ipv4Lengths : _ipv6Lengths;
}
