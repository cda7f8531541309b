using System.Net;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Linux.Hosts;

/// <content>Waiting for the host to move to another address or interface.</content>
internal sealed partial class LinuxHostNetwork
{
    // A reconfiguration takes several steps; an address that comes back within this time was never gone. Without a usable interface, this is how
    // often one is looked for: what makes one usable (a route, the end of a check for duplicates) is told in too many ways to listen to.
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(300);

    /// <inheritdoc/>
    public async Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
        string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(current);

        // The monitor listens before anything is read, so that no change falls between the two.
        using RouteMonitor monitor = NetworkNamespace.Run(networkNamespace, static () => RouteMonitor.Open(new RouteMonitorOptions
        {
            Groups = RouteMonitorGroups.Links | RouteMonitorGroups.Addresses,
        }));
        IAsyncEnumerator<RouteNotification> notifications = monitor.WatchAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (notifications.ConfigureAwait(false))
        {
            while (true)
            {
                while (!Stands(networkNamespace, current))
                {
                    await Task.Delay(SettleTime, time, cancellationToken).ConfigureAwait(false);
                    if (FindOther(networkNamespace, options, config, current) is { } other)
                    {
                        Log.ExternalInterfaceMoved(
                            logger, current.Name, current.Address, current.AddressIPv6, other.Name, other.Address, other.AddressIPv6);
                        return other;
                    }
                }

                do
                {
                    if (!await notifications.MoveNextAsync().ConfigureAwait(false))
                        throw new OperationCanceledException("The monitor of the host's network was closed.", cancellationToken);
                }
                while (!Concerns(notifications.Current, current));
            }
        }
    }

    private static bool Concerns(RouteNotification notification, ExternalInterface current) => notification switch
    {
        AddressRemoved { Address: var address } => address.LinkIndex == current.Index,
        LinkRemoved { Link: var link } => link.Index == current.Index,
        Resynchronise => true,
        _ => false,
    };

    private ExternalInterface? FindOther(string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current)
    {
        if (Stands(networkNamespace, current))
            return null;

        try
        {
            return FindExternalInterface(networkNamespace, options, config);
        }
        catch (ExternalInterfaceException)
        {
            return null; // nothing fits at present; what was chosen may come back, or something else
        }
    }

    private static bool Stands(string? networkNamespace, ExternalInterface current)
    {
        using RouteNetlink netlink = NetworkNamespace.Run(networkNamespace, static () => RouteNetlink.Open());
        if (netlink.FindLink(current.Index) is null)
            return false;

        IReadOnlyList<InterfaceAddress> addresses = netlink.GetAddresses(linkIndex: current.Index);
        return Has(current.Address) && Has(current.AddressIPv6);

        bool Has(IPAddress? address) => address is null || addresses.Any(own => own.Address.Equals(address));
    }
}
