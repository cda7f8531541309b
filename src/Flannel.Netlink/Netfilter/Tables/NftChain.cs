namespace Flannel.Netlink.Netfilter.Tables;

/// <summary>A chain of rules.</summary>
/// <param name="Family">The table's family.</param>
/// <param name="Table">The table's name.</param>
/// <param name="Name">Its name, unique in its table.</param>
public sealed record NftChain(NftFamily Family, string Table, string Name)
{
    /// <summary>Where packets enter it; <see langword="null"/> of a chain that only rules jump to.</summary>
    public NftBaseChain? Base { get; init; }

    /// <summary>What nft shows as comment. Kernels before 5.10 do not keep it.</summary>
    /// <value>At most 253 bytes of UTF-8; <see langword="null"/> for none.</value>
    public string? Comment { get; init; }
}

/// <summary>Where packets enter a chain, and what happens to those that its rules do not decide on.</summary>
/// <param name="Type">What the chain may do.</param>
/// <param name="Hook">Where on the way of a packet.</param>
/// <param name="Priority">Order among the chains at this hook, the lowest first.</param>
public sealed record NftBaseChain(NftChainType Type, NftHook Hook, int Priority)
{
    /// <summary>Whether packets that no rule decides on are dropped, and not let through.</summary>
    public bool DropsByDefault { get; init; }

    /// <summary>
    /// At which device, for <see cref="NftHook.Ingress"/>. Kernels before 6.16 want the device to be there, and take the chain away with it.
    /// </summary>
    /// <value>A device's name; <see langword="null"/> where packets of all devices enter.</value>
    public string? Device { get; init; }
}

/// <summary>What a base chain may do.</summary>
public enum NftChainType
{
    /// <summary>Reported: a kind that is not known here.</summary>
    Unknown,

    /// <summary>Let through or drop.</summary>
    Filter,

    /// <summary>Change addresses; it sees the first packet of a connection.</summary>
    Nat,

    /// <summary>Have packets routed again.</summary>
    Route,
}

/// <summary>Where on the way of a packet a base chain stands (<c>NF_INET_*</c>).</summary>
public enum NftHook
{
    /// <summary>As it came in.</summary>
    Prerouting = 0,

    /// <summary>When it is for this host.</summary>
    Input = 1,

    /// <summary>When it is for another host.</summary>
    Forward = 2,

    /// <summary>When this host sent it.</summary>
    Output = 3,

    /// <summary>Before it leaves.</summary>
    Postrouting = 4,

    /// <summary>As it came in, before <see cref="Prerouting"/>, at one device.</summary>
    Ingress = 5,
}
