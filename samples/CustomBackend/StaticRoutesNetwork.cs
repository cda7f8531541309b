using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Flannel;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Routes;

namespace CustomBackend;

/// <summary>
/// A running network. A few routes are written in a moment, so there is no loop: each change of the peers writes what differs from the kernel.
/// </summary>
internal sealed class StaticRoutesNetwork(BackendContext context) : IBackendNetwork
{
    private const RouteProtocol Own = (RouteProtocol)250;

    private readonly RouteNetlink _netlink = NetworkNamespace.OpenRouteNetlink(context.NetworkNamespace);
    private readonly Lock _gate = new();
    private readonly Dictionary<SubnetKey, Lease> _peers = [];
    private BackendStatus _status = new() { Mtu = context.ExternalInterface.Mtu };
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isClosed;

    /// <summary>Published with the lease; what peers need beyond the address would be its <c>BackendData</c>.</summary>
    public LeaseAttributes Attributes { get; } = new() { PublicIP = context.ExternalInterface.PublicIP, BackendType = StaticRoutesBackend.TypeName };

    public BackendStatus Status
    {
        get { lock (_gate) return _status; }
    }

    public string? CheckPeer(Lease peer) =>
        peer.Attributes.BackendType != StaticRoutesBackend.TypeName ? $"its backend is '{peer.Attributes.BackendType}'"
        : peer.Subnet is null || peer.Attributes.PublicIP is null ? "it has no IPv4 subnet or address"
        : null;

    /// <summary>The own subnet needs nothing: its containers' bridge has it.</summary>
    public Task StartAsync(Lease own, CancellationToken cancellationToken) => Task.CompletedTask;

    public void SetPeers(IReadOnlyList<Lease> peers)
    {
        lock (_gate)
        {
            _peers.Clear();
            foreach (Lease peer in peers) _peers[peer.Key] = peer;
            Apply();
        }
    }

    public void ChangePeers(IReadOnlyList<LeaseChange> changes)
    {
        lock (_gate)
        {
            foreach (LeaseChange change in changes)
            {
                if (change.After is { } peer) _peers[peer.Key] = peer;
                else if (change.Before is { } gone) _peers.Remove(gone.Key);
            }

            Apply();
        }
    }

    public async IAsyncEnumerable<BackendStatus> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            (BackendStatus status, Task changed, bool isClosed) = Snapshot();
            yield return status;
            if (isClosed) yield break;
            await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public Task RemoveAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (RouteEntry route in Read()) _netlink.DeleteRoute(route);
        }

        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (!_isClosed) _netlink.Dispose();
            _isClosed = true;
            _changed.TrySetResult();
        }

        return ValueTask.CompletedTask;
    }

    private IReadOnlyList<RouteEntry> Read() =>
        _netlink.GetRoutes(AddressFamily.InterNetwork, new RouteFilter { Table = RouteEntry.MainTable, Protocol = Own });

    private void Apply()
    {
        Dictionary<IPNetwork, IPAddress?> present = Read().ToDictionary(static route => route.Destination, static route => route.Gateway);
        var problems = ImmutableDictionary.CreateBuilder<SubnetKey, string>();
        foreach (Lease peer in _peers.Values)
        {
            (IPNetwork subnet, IPAddress host) = (peer.Subnet!.Value, peer.Attributes.PublicIP!);
            bool isThere = present.Remove(subnet, out IPAddress? gateway) && host.Equals(gateway);
            try
            {
                var route = new RouteEntry { Destination = subnet, Gateway = host, LinkIndex = context.ExternalInterface.Index, Protocol = Own };
                if (!isThere) _netlink.ReplaceRoute(route);
            }
            catch (NetlinkException refusal)
            {
                problems[peer.Key] = refusal.Message; // shown in the node's status; the other peers are not affected
            }
        }

        foreach (IPNetwork subnet in present.Keys) _netlink.DeleteRoute(new RouteEntry { Destination = subnet, Protocol = Own });
        _status = _status with { IsConverged = true, PeerProblems = problems.ToImmutable() };
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    private (BackendStatus Status, Task Changed, bool IsClosed) Snapshot()
    {
        lock (_gate) return (_status, _changed.Task, _isClosed);
    }
}
