namespace Flannel.Netlink.Netfilter.Tables;

/// <summary>A named counter, which any number of rules of its table count in.</summary>
/// <param name="Family">The table's family.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Name">Its name, unique in its table.</param>
public sealed record NftCounter(NftFamily Family, string Table, string Name)
{
    /// <summary>Packets counted; where it starts when it is added.</summary>
    public ulong Packets { get; init; }

    /// <summary>Their bytes; where it starts when it is added.</summary>
    public ulong Bytes { get; init; }

    /// <summary>What nft shows as comment.</summary>
    /// <value>At most 253 bytes of UTF-8; <see langword="null"/> for none.</value>
    public string? Comment { get; init; }
}
