namespace Flannel.Netlink.Route.Monitoring;

/// <summary>
/// Notifications were lost, because they came faster than the kernel's buffer or the consumer could take. What is known is stale: list everything
/// again. What changes from now on is notified again.
/// </summary>
public sealed record Resynchronise : RouteNotification;
