namespace Flannel.Netlink.Netfilter;

/// <summary>Where in nf_tables something was added, changed or removed. What iptables writes over nf_tables is in tables like <c>nat</c>.</summary>
/// <param name="Table">The table's name; tables of several address families may share it.</param>
/// <param name="Chain">
/// The chain that changed, or whose rules did; <see langword="null"/> if it was the table itself, or one of its sets or counters.
/// </param>
public readonly record struct NftablesChange(string Table, string? Chain);
