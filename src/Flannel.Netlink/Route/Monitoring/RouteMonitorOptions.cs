namespace Flannel.Netlink.Route.Monitoring;

/// <summary>How a monitor is opened.</summary>
public sealed record RouteMonitorOptions
{
    /// <summary>What to listen to.</summary>
    /// <value><see cref="RouteMonitorGroups.All"/> by default.</value>
    public RouteMonitorGroups Groups { get; init; } = RouteMonitorGroups.All;

    /// <summary>
    /// The <see cref="RouteNetlink.PortId"/> of a socket whose changes are not told, for a program that writes much and knows what it writes. The
    /// kernel keeps them back, so that they cost nothing here; those of FDB entries it tells all the same, because it does not say who made them.
    /// </summary>
    /// <value>Not zero; null, for everybody's changes, by default.</value>
    public uint? IgnoredPortId { get; init; }

    /// <summary>Notifications kept for a slow consumer; when there are more, they are dropped for one <see cref="Resynchronise"/>.</summary>
    /// <value>Greater than zero; 4096 by default.</value>
    public int Capacity { get; init; } = 4096;

    /// <summary>Wanted size of the kernel's receive buffer in bytes; see <see cref="NetlinkSocketOptions.ReceiveBufferSize"/>.</summary>
    /// <value>Greater than zero; 4 MiB by default.</value>
    public int ReceiveBufferSize { get; init; } = 4 * 1024 * 1024;
}
