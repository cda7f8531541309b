using Flannel.Extensibility;
using Flannel.Lab.Processes;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel.Lab.Namespaces;

/// <summary>Whether this process can make network namespaces and program them: what every test on a real kernel needs.</summary>
public static class Netns
{
    private static readonly Lazy<string?> Probe = new(FindObstacle);

    /// <summary>Why tests on a real kernel cannot run here, or <see langword="null"/> if they can.</summary>
    public static string? Obstacle => Probe.Value;

    // The real thing rather than a look at capabilities: a read-only /run or a filtered system call would be an obstacle as well.
    private static string? FindObstacle()
    {
        if (FastLane.Obstacle is not null)
            return FastLane.Obstacle;

        string name = LabNames.Unique("probe");
        try
        {
            using (NetworkNamespace probe = NetworkNamespace.Create(name))
            {
                using RouteNetlink netlink = probe.Run(() => RouteNetlink.Open());
                netlink.ChangeLink(1, new LinkChange { IsUp = true });
            }

            NetworkNamespace.Delete(name);
            return null;
        }
        catch (Exception exception) when (exception is FlannelException or NetlinkException)
        {
            return $"CAP_NET_ADMIN and CAP_SYS_ADMIN are needed (run as root, or through build.sh): {exception.Message}";
        }
    }
}
