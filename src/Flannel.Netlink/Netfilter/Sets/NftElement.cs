using System.Net;
using Flannel.Netlink.Netfilter.Rules;

namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>An element of a set or map.</summary>
/// <param name="Key">The key; the first one of an interval. Parts of a concatenation are put together by <see cref="NftValue.Concat"/>.</param>
public readonly record struct NftElement(NftValue Key)
{
    private readonly NftValue? _last;

    /// <summary>The last key of an interval, which belongs to it; <see langword="null"/> when the element is one key.</summary>
    public NftValue? Last
    {
        get => _last;
        init => _last = value == Key ? null : value;
    }

    /// <summary>The value in a map of data.</summary>
    public NftValue? Value { get; init; }

    /// <summary>The value in a map of verdicts.</summary>
    public NftVerdict? Verdict { get; init; }

    /// <summary>All keys from one to another, in a set of intervals.</summary>
    /// <param name="first">The first key.</param>
    /// <param name="last">The last key.</param>
    /// <returns>The element.</returns>
    public static NftElement Range(NftValue first, NftValue last) => new(first) { Last = last };

    /// <summary>One address.</summary>
    /// <param name="address">The address.</param>
    /// <returns>The element.</returns>
    public static NftElement Of(IPAddress address) => new(NftValue.Of(address));

    /// <summary>All addresses of a network, in a set of intervals.</summary>
    /// <param name="network">The network.</param>
    /// <returns>The element.</returns>
    public static NftElement Of(IPNetwork network) => Range(NftValue.Of(network.BaseAddress), NftValue.LastOf(network));
}
