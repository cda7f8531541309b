using Flannel.Backends.Udp.DataPath;
using Flannel.Backends.Udp.Tun;
using Flannel.Core.Diagnostics;
using Flannel.Netlink;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Backends.Udp;

// The loops that keep the data path in order: one listens to the kernel, one acts.
internal sealed partial class UdpNetwork
{
    /// <summary>Changes come in swarms; one review serves them all.</summary>
    private static readonly TimeSpan ReviewDelay = TimeSpan.FromMilliseconds(20);

    /// <summary>Whatever stands in the way may be gone any moment, and looking costs next to nothing.</summary>
    private static readonly TimeSpan RepairDelay = TimeSpan.FromMilliseconds(500);

    private RouteMonitor OpenMonitor() =>
        _host.OpenMonitor(RouteMonitorGroups.Links | RouteMonitorGroups.Addresses | RouteMonitorGroups.Routes, _netlink);

    private async Task MonitorAsync(RouteMonitor? opened, CancellationToken cancellationToken)
    {
        using RouteMonitor monitor = opened ?? OpenMonitor();
        if (opened is null) _review.Request(); // nobody listened since the last one failed
        await foreach (RouteNotification notification in monitor.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            if (Concerns(notification)) _review.Request();
        }
    }

    /// <summary>Whether a notification can be about something of ours. Those about containers come by the thousand.</summary>
    private bool Concerns(RouteNotification notification)
    {
        int tun = _state?.Index ?? 0;
        return notification switch
        {
            LinkChanged { Link: var link } => IsOurs(link.Index) || link.Name == _spec.UplinkName,
            LinkRemoved { Link: var link } => IsOurs(link.Index),
            AddressChanged { Address: var address } => IsOurs(address.LinkIndex) || _spec.Families.Any(family => family.InterfaceAddress.Equals(address.Address)),
            AddressRemoved { Address: var address } => IsOurs(address.LinkIndex) || _spec.Families.Any(family => family.InterfaceAddress.Equals(address.Address)),
            RouteChanged { Route: var route } => _spec.Families.Any(family => family.Network.Equals(route.Destination)),
            RouteRemoved { Route: var route } => _spec.Families.Any(family => family.Network.Equals(route.Destination)),
            Resynchronise => true,
            _ => false,
        };

        bool IsOurs(int index) => index == tun || index == (_state?.UplinkIndex ?? _spec.UplinkIndex);
    }

    private async Task ReviewAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            string? problem = Review();
            ReportProblem(problem);
            await _review.WaitAsync(problem is null ? _resyncInterval : RepairDelay, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Looks whether everything is as it must be, and makes it so.</summary>
    /// <returns>What is wrong, or <see langword="null"/>.</returns>
    private string? Review()
    {
        try
        {
            if (_dataPath?.Fault is { } fault)
            {
                ReportProblem(fault);
                CloseDataPath();
            }

            if (_dataPath is { } running) Repair(running);
            else Rebuild();
            return FindMissingAddress();
        }
        catch (Exception exception) when (exception is FlannelException or NetlinkException)
        {
            return exception.Message;
        }
    }

    private void Rebuild()
    {
        UdpDataPath dataPath = UdpDataPath.Open(_spec, _host, _review.Request);
        try
        {
            UdpBackend.Log.DeviceCreated(_logger, dataPath.Device, _spec.UplinkName, dataPath.Offloads.Current);
            StartDataPath(dataPath);
            _dataPath = dataPath;
        }
        catch
        {
            dataPath.Dispose();
            throw;
        }
    }

    private void Repair(UdpDataPath dataPath)
    {
        UdpOffloads offloads = dataPath.Offloads.Current;
        if (offloads != _reported)
        {
            _reported = offloads;
            UdpBackend.Log.OffloadsReduced(_logger, dataPath.Device, dataPath.Offloads.LastErrno, offloads);
        }

        TunState before = _state!;
        TunState after = _setup.Apply(dataPath.Device, before, _addresses);
        _state = after;
        _settings!.Mtu = after.Mtu;
        if (after.Mtu == before.Mtu) return;
        UdpBackend.Log.MtuChanged(_logger, dataPath.Device, before.Mtu, after.Mtu, _spec.UplinkName, after.UplinkMtu);
        Publish(status => status with { Mtu = after.Mtu });
    }

    /// <summary>A socket that is bound to an address works again as soon as the address is back.</summary>
    private string? FindMissingAddress()
    {
        foreach (UdpFamily family in _spec.Families)
        {
            if (!_netlink.GetAddresses(family.Family).Any(address => address.Address.Equals(family.InterfaceAddress)))
                return $"the host has no longer the address {family.InterfaceAddress} that its packets leave from and arrive at";
        }

        return null;
    }

    private void ReportProblem(string? problem)
    {
        if (problem == Status.Problem) return;
        if (problem is not null) UdpBackend.Log.DataPathBroken(_logger, _spec.UplinkName, problem);
        else if (_dataPath is not null) UdpBackend.Log.DataPathRestored(_logger, _spec.UplinkName, _dataPath.Device);
        Publish(status => status with { Problem = problem, IsConverged = problem is null });
    }
}
