using System.Net;
using Flannel.Backends.Udp.DataPath;
using Flannel.Backends.Udp.Peers;
using Flannel.Backends.Udp.Tun;
using Flannel.Extensibility;
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

    private const RouteMonitorGroups Groups = RouteMonitorGroups.Links | RouteMonitorGroups.Addresses | RouteMonitorGroups.Routes;

    private void Take(RouteNotification notification)
    {
        if (Concerns(notification)) _review.Request();
        if (notification is RouteChanged { Route: var route })
        {
            foreach (KernelContext context in _contexts) context.Routes.LogIfForeign(route);
        }
    }

    /// <summary>Whether a notification can be about the network. Those about containers come by the thousand.</summary>
    private bool Concerns(RouteNotification notification)
    {
        int tun = _state?.Index ?? 0;
        if (_contexts.Any(context => context.External.Concerns(notification) || context.External.ConcernsDefaultRoute(notification))) return true;
        return notification switch
        {
            LinkChanged { Link: var link } => link.Index == tun || _isAnyPeerHidden,
            LinkRemoved { Link: var link } => link.Index == tun || _isAnyPeerHidden,
            AddressChanged { Address: var address } => _spec.AcceptsForeignSources || address.LinkIndex == tun,
            AddressRemoved { Address: var address } => _spec.AcceptsForeignSources || address.LinkIndex == tun,
            RouteChanged { Route: var route } => IsPlace(route.Destination),
            RouteRemoved { Route: var route } => IsPlace(route.Destination),
            _ => false,
        };
    }

    /// <summary>Whether packets to peers depend on a route to there.</summary>
    private bool IsPlace(IPNetwork destination) =>
        _contexts.Any(context => context.Family.Network.Equals(destination) || context.Routes.IsInSubnet(destination));

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
            foreach (KernelContext context in _contexts) context.External.Refresh();
            if (_dataPath?.Fault is { } fault)
            {
                ReportProblem(fault);
                CloseDataPath();
            }

            if (_dataPath is { } running) Repair(running);
            else Rebuild();
            ClearLeftovers();
            LookForHiddenPeers();
            foreach (KernelContext context in _contexts) context.Routes.LogMoreForeign();
            return _namespace.Problem ?? FindExternalProblem() ?? _state?.RouteRefusal?.Message;
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
            UdpBackend.Log.DeviceCreated(_logger, dataPath.Device, _spec.ExternalName, dataPath.Offloads.Current);
            StartDataPath(dataPath, mustHaveRoutes: false);
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
        ReadHostAddresses(_settings);
        if (after.Mtu == before.Mtu) return;
        UdpBackend.Log.MtuChanged(_logger, dataPath.Device, before.Mtu, after.Mtu, _spec.ExternalName, _contexts[0].External.State.Mtu);
        Publish(status => status with { Mtu = after.Mtu });
    }

    private void ReadHostAddresses(DataPathSettings settings)
    {
        if (!_spec.AcceptsForeignSources) return; // nobody asks
        settings.HostAddresses = new HostAddresses(
        [
            .. _contexts[0].Netlink.GetAddresses().Select(static address => address.Address),
            .. _spec.Families.Select(static family => family.PublicAddress), // which a router may hold for this host
        ]);
    }

    /// <summary>
    /// Lets the routes to peers' subnets be recognised: those that another backend left, and those of somebody else, which hide the peer.
    /// </summary>
    private void AddRoutesOf(IEnumerable<Lease> peers)
    {
        foreach (Lease lease in peers)
        {
            foreach (KernelContext context in _contexts)
            {
                bool isIPv6 = context.Family.IsIPv6;
                if ((isIPv6 ? lease.SubnetIPv6 : lease.Subnet) is not { } subnet) continue;
                context.Routes.AddPeer(subnet, isIPv6 ? lease.Attributes.PublicIPv6 : lease.Attributes.PublicIP);
            }
        }
    }

    /// <summary>
    /// Once the peers are known, the TUN device carries what another backend's routes and devices carried. Such routes may appear later, too, and
    /// would go before the device's.
    /// </summary>
    private void ClearLeftovers()
    {
        if (!_arePeersKnown) return;
        foreach (KernelContext context in _contexts) context.Routes.DeleteAll();
        if (!_isCleared) new Leftovers(_contexts, _config).Clear([_dataPath!.Device]);
        _isCleared = true;
    }

    /// <summary>The device's route leads to the whole network. A foreign one to a peer's subnet goes before it, and is left alone.</summary>
    private void LookForHiddenPeers()
    {
        Dictionary<IPNetwork, string> hidden = _contexts.SelectMany(static context => context.Routes.FindForeign())
            .ToDictionary(static found => found.Key, static found => found.Value.Message);
        lock (_gate)
        {
            if (hidden.Count == 0 && _peers.Hidden.Count == 0) return;
            _peers.Hidden = hidden;
            _isAnyPeerHidden = hidden.Count > 0;
            PublishProblems_NeedsLock();
        }
    }

    /// <summary>A socket that is bound to an address works again as soon as the address is back.</summary>
    private string? FindExternalProblem()
    {
        string[] problems = [.. _contexts.Select(static context => context.External.State.Problem).OfType<string>().Distinct()];
        return problems.Length == 0 ? null : string.Join(" ", problems);
    }

    private void ReportProblem(string? problem)
    {
        if (problem == Status.Problem) return;
        if (problem is not null) UdpBackend.Log.DataPathBroken(_logger, _spec.ExternalName, problem);
        else if (_dataPath is not null) UdpBackend.Log.DataPathRestored(_logger, _spec.ExternalName, _dataPath.Device);
        bool isUnusable = _namespace.Problem is not null || _dataPath is null || _contexts.All(static context => !context.External.State.IsUsable);
        Publish(status => status with { Problem = problem, IsConverged = problem is null, IsUnusable = problem is not null && isUnusable });
    }
}
