namespace Flannel.Netlink.Netfilter.Tables;

/// <summary>A table: the space of names for chains, sets and counters, and one thing to delete for all of them.</summary>
/// <param name="Family">Which packets its chains see.</param>
/// <param name="Name">Its name, unique in its family.</param>
public sealed record NftTable(NftFamily Family, string Name)
{
    /// <summary>What nft shows as comment. Kernels before 5.10 do not keep it.</summary>
    /// <value>At most 253 bytes of UTF-8; <see langword="null"/> for none.</value>
    public string? Comment { get; init; }

    /// <summary>Whether no packet enters its chains (<c>flags dormant</c>).</summary>
    public bool IsDormant { get; init; }
}
