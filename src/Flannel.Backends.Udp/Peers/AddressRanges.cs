using System.Numerics;

namespace Flannel.Backends.Udp.Peers;

/// <summary>
/// Longest-prefix match by one binary search: prefixes, nested or not, cut into ranges that do not overlap, each with the route of its innermost
/// prefix.
/// </summary>
/// <typeparam name="T"><see cref="uint"/> for IPv4, <see cref="UInt128"/> for IPv6.</typeparam>
internal sealed class AddressRanges<T>
    where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
{
    /// <summary>What <see cref="Find"/> gives where no prefix is.</summary>
    public const int NotFound = -1;

    private readonly T[] _starts; // the first one covers from zero on
    private readonly int[] _routes;

    /// <summary>Cuts prefixes into ranges.</summary>
    /// <param name="prefixes">First and last address of every prefix, and its route. Of equal prefixes the last one counts.</param>
    public AddressRanges(IEnumerable<(T First, T Last, int Route)> prefixes)
    {
        var starts = new List<T> { T.Zero };
        var routes = new List<int> { NotFound };
        var enclosing = new Stack<(T Last, int Route)>();

        // Outer prefixes come before those inside them; OrderBy keeps the order of equal ones.
        foreach ((T first, T last, int route) in prefixes.OrderBy(prefix => prefix.First).ThenByDescending(prefix => prefix.Last))
        {
            while (enclosing.TryPeek(out (T Last, int Route) inner) && inner.Last < first)
                Leave();
            Cut(first, route);
            enclosing.Push((last, route));
        }

        while (enclosing.Count > 0)
            Leave();
        _starts = [.. starts];
        _routes = [.. routes];

        void Leave()
        {
            T last = enclosing.Pop().Last;
            if (last != T.MaxValue)
                Cut(last + T.One, enclosing.TryPeek(out (T Last, int Route) outer) ? outer.Route : NotFound);
        }

        void Cut(T start, int route)
        {
            if (starts[^1] == start)
            {
                routes[^1] = route;
                return;
            }

            starts.Add(start);
            routes.Add(route);
        }
    }

    /// <summary>Number of ranges, those without a route included.</summary>
    public int Count => _starts.Length;

    /// <summary>The route of the longest prefix with this address, or <see cref="NotFound"/>.</summary>
    public int Find(T address)
    {
        int index = Array.BinarySearch(_starts, address);
        return _routes[index >= 0 ? index : ~index - 1];
    }

    /// <summary>The first address of a range.</summary>
    public T StartOf(int range) => _starts[range];

    /// <summary>The route of a range.</summary>
    public int RouteOf(int range) => _routes[range];
}
