namespace Flannel;

/// <summary>Under which conditions a network configuration is written.</summary>
public sealed record ConfigWriteOptions
{
    /// <summary>
    /// The revision that the document must still have (<see cref="StoredNetworkConfig.Revision"/>); 0 if there must be none. <see langword="null"/>
    /// (default) writes whatever is there.
    /// </summary>
    public long? ExpectedRevision { get; init; }

    /// <summary>
    /// Whether hosts may be left with leases, and reservations with subnets, that the new configuration has no place for: peers drop such leases, and
    /// a host that is restarted gets another subnet. Default <see langword="false"/>: that is refused.
    /// </summary>
    public bool AllowStrandedLeases { get; init; }

    /// <summary>
    /// Whether the configuration may ask for a backend that neither flannel nor this program knows. Default <see langword="false"/>: a misspelled
    /// name would stop every node.
    /// </summary>
    public bool AllowUnknownBackend { get; init; }
}
