using Flannel.Containers.Addresses;
using Flannel.Containers.Devices;
using Flannel.Containers.Subnets;
using Flannel.Extensibility;
using Flannel.Netlink.Route.Links;

namespace Flannel;

// What changes at the node while containers are attached.
public sealed partial class ContainerNetwork
{
    private async Task FollowAsync(IFlannelNode node)
    {
        HostSubnets? known = null;
        try
        {
            await foreach (FlannelNodeStatus status in node.WatchAsync(_stopping.Token).ConfigureAwait(false))
            {
                if (HostSubnets.Of(status) is not { } now || now.Equals(known)) continue;
                if (TryFollow(now)) known = now;
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <returns>False when it has to be tried again at the node's next change.</returns>
    internal bool TryFollow(HostSubnets now)
    {
        try
        {
            ChangeMtu(now.Mtu);
            int outdated = List().Count(static listing => listing.State == ContainerState.OutdatedSubnet);
            if (outdated > 0) Log.SubnetsChanged(_logger, string.Join(" and ", now.Subnets), outdated);
            return true;
        }
        catch (Exception exception) // the top of a loop: the node's next change tries it again
        {
            Log.FollowingFailed(_logger, VisibleText.Of(exception));
            return false;
        }
    }

    private void ChangeMtu(int mtu)
    {
        Kernel kernel = _kernel.Value;
        IReadOnlyList<Link> links = kernel.Netlink.GetLinks();
        List<(Link Link, DeviceMark Mark)> containers =
        [
            .. links.Select(link => (link, DeviceMark.Read(_options.NetworkName, link)))
            .Where(static one => one.Item2 is not null)
            .Select(static one => (one.link, one.Item2!)),
        ];
        List<(Link Link, DeviceMark Mark)> others = [.. containers.Where(one => one.Link.Mtu != mtu)];
        Link? bridge = links.FirstOrDefault(
            link => _options.Mode == ContainerMode.Bridge && link.Name == _options.BridgeName && link.Kind == "bridge");
        List<Owner> left = others.Count > 0 ? kernel.Containers.ChangeMtu(others, mtu) : [];
        if (bridge is not null && bridge.Mtu != mtu && (containers.Count > 0 || bridge.Alias == DeviceMark.OfBridge(_options.NetworkName)))
            kernel.Netlink.ChangeLink(bridge.Index, new LinkChange { Mtu = mtu });
        if (others.Count > 0) Log.MtuChanged(_logger, mtu, others.Count);
        if (left.Count > 0) Log.MtuLeft(_logger, mtu, string.Join(", ", left));
    }
}
