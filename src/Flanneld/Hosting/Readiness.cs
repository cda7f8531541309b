using Flannel;

namespace Flanneld.Hosting;

/// <summary>Whether this host's containers can use the network, and what is to be said about it.</summary>
/// <param name="IsReady">The data path works and the subnet file tells of it. Unlike flannel's this turns back when it is no longer so.</param>
/// <param name="Reason">Why not, or what is wrong nevertheless; empty when all is well.</param>
internal sealed record Readiness(bool IsReady, string Reason)
{
    public static Readiness Of(FlannelNodeStatus status) => status switch
    {
        { IsReady: false } => new Readiness(false, status.Reason.Length > 0 ? status.Reason : "the node is not started"),
        { IsSubnetFileCurrent: false } => new Readiness(false, status.Reason.Length > 0 ? status.Reason : "the subnet file is not written yet"),
        { PendingConfig: { } pending } => new Readiness(
            true,
            string.Join("; ", new[] { status.Reason, $"the configuration in the store is not followed: {pending}" }.Where(text => text.Length > 0))),
        _ => new Readiness(true, status.Reason),
    };
}
