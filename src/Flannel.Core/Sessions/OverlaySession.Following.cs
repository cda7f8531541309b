using System.Collections.Immutable;
using Flannel.Core.Timing;
using Flannel.Extensibility;

namespace Flannel.Core.Sessions;

/// <content>Step 8: the loops of a session that is up. The first one that ends, ends the session.</content>
internal sealed partial class OverlaySession
{
    /// <summary>How long the other loops may take to end after the first one.</summary>
    private static readonly TimeSpan LoopLimit = TimeSpan.FromSeconds(5);

    private async Task<SessionEnd> FollowAsync(Running running, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<SessionEnd>> loops =
        [
            FollowLeasesAsync(running, all.Token),
            FollowDataPathAsync(running, all.Token),
            FollowHostAsync(running.External, all.Token),
            FollowTrafficAsync(all.Token),
        ];
        if (_subnetFile is not null) loops.Add(_subnetFile.RunAsync(all.Token));
        Task<SessionEnd> first = await Task.WhenAny(loops).ConfigureAwait(false);
        await all.CancelAsync().ConfigureAwait(false);
        if (!await Task.WhenAll(loops).EndsWithinAsync(LoopLimit, _services.Time).ConfigureAwait(false))
            Log.LoopAbandoned(_logger, NetworkName.Of(_services.Name));
        cancellationToken.ThrowIfCancellationRequested();
        SessionEnd end = await first.ConfigureAwait(false);
        Remember(running.Network);
        return end;
    }

    private async Task<SessionEnd> FollowLeasesAsync(Running running, CancellationToken cancellationToken)
    {
        IBackendNetwork network = running.Network;
        await foreach (SubnetEvent result in running.Membership.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            switch (result)
            {
                case LeaseSnapshot snapshot:
                    network.SetPeers(snapshot.Peers);
                    _held.Peers.Told = snapshot.Peers.ToImmutableDictionary(peer => peer.Key);
                    _condition.Change(condition => condition with { HasPeers = true, Peers = _held.Peers.Told, Backend = network.Status });
                    break;
                case LeaseChanges changes:
                    network.ChangePeers(changes.Changes);
                    _held.Peers.Told = Apply(_held.Peers.Told, changes.Changes);
                    _condition.Change(condition => condition with { Peers = _held.Peers.Told, Backend = network.Status });
                    break;
                case OwnLeaseChanged { State: OwnLeaseState.Moved } moved:
                    return new SessionEnd.LeaseMoved(moved.Error?.Message.TrimEnd('.') ?? "this node has another subnet");
                case OwnLeaseChanged own:
                    _held.Lease = own.Lease;
                    if (own.State == OwnLeaseState.Reacquired) _ = Task.Run(() => _held.Memory.Write(own.Lease), CancellationToken.None);
                    _condition.Change(condition => condition with { Lease = own.Lease, LeaseState = own.State, LeaseError = own.Error });
                    break;
                case StoreAvailabilityChanged store:
                    _condition.Change(condition => condition with { StoreError = store.Error });
                    break;
                case QuarantineChanged quarantine:
                    _condition.Change(condition => condition with { Quarantine = quarantine });
                    break;
                case PeersRetained retained:
                    _condition.Change(condition => condition with { PeersRetained = retained.Count });
                    break;
                case NetworkConfigChanged { Config: { } config, UnknownKeys: var unknown }:
                    _condition.Change(condition => condition with { UnknownConfigKeys = unknown });
                    if (NeedsNewSession(config)) return new SessionEnd.ConfigChanged();
                    break;
                case NetworkConfigChanged { Error: { } error }:
                    ReportPending(new PendingConfig(null, [error.Message]));
                    break;
            }
        }

        throw EndedByItself();
    }

    private bool NeedsNewSession(NetworkConfig wanted)
    {
        ConfigTransition transition = TransitionTo(wanted, _held.Lease!.Key);
        if (transition.Config != _config) return true;
        ReportPending(transition.Pending);
        return false;
    }

    private async Task<SessionEnd> FollowDataPathAsync(Running running, CancellationToken cancellationToken)
    {
        int mtu = 0;
        IBackendNetwork network = running.Network;
        await foreach (BackendStatus _ in network.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            // The item may be older than a peer list applied meanwhile, so the status of this moment counts.
            _condition.Change(condition => condition with { Backend = network.Status });
            if (network.Status.Attributes is { } attributes && attributes != running.Request.Attributes) return new SessionEnd.PublicationChanged();
            if (network.Status.Mtu == mtu) continue;
            mtu = network.Status.Mtu;
            // what the file promises (masquerading) is true before it is there
            await _trafficHolds.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            Lease lease = running.Membership.Lease;
            _subnetFile?.Put(new SubnetFile
            {
                // A range without a subnet would be a route of pods that have no address of the family.
                Network = _config.EnableIPv4 ? _config.Network : null,
                Subnet = lease.Subnet,
                IPv6Network = _config.EnableIPv6 ? _config.IPv6Network : null,
                IPv6Subnet = lease.SubnetIPv6,
                Mtu = mtu,
                IpMasq = Options.IpMasq,
            });
        }

        throw EndedByItself();
    }

    private async Task<SessionEnd> FollowHostAsync(ExternalInterface external, CancellationToken cancellationToken)
    {
        Task<ExternalInterface> moved = _services.HostNetwork
            .WaitForOtherExternalInterfaceAsync(Options.NetworkNamespace, _externalInterface, _config, external, cancellationToken);
        while (!moved.IsCompleted)
        {
            await ((Task)moved).WaitAsync(Options.ResyncInterval, _services.Time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!moved.IsCompleted) await ReviewForwardingAsync(cancellationToken).ConfigureAwait(false);
        }

        ExternalInterface other = await moved.ConfigureAwait(false);
        // Connections from the former address may seem alive for minutes.
        await _services.SubnetManager.ResetConnectionsAsync().ConfigureAwait(false);
        return new SessionEnd.HostMoved(other);
    }

    private Task<ForwardingStatus> CheckForwardingAsync(CancellationToken cancellationToken) =>
        _services.HostNetwork.CheckForwardingAsync(Options.NetworkNamespace, _config, Options.EnableForwarding, cancellationToken);

    // Whoever applies the host's sysctls once more turns it off as well.
    private async Task ReviewForwardingAsync(CancellationToken cancellationToken)
    {
        try
        {
            ForwardingStatus forwarding = await CheckForwardingAsync(cancellationToken).ConfigureAwait(false);
            _condition.Change(condition => condition with { ForwardingProblem = forwarding.Problem });
        }
        catch (FlannelException)
        {
            // Nobody can look, because the namespace is gone: the backend says so.
        }
    }

    private static InvalidOperationException EndedByItself() => new("A loop that only cancellation ends has ended by itself.");

    private static ImmutableDictionary<SubnetKey, Lease> Apply(ImmutableDictionary<SubnetKey, Lease> peers, IReadOnlyList<LeaseChange> changes)
    {
        ImmutableDictionary<SubnetKey, Lease>.Builder builder = peers.ToBuilder();
        foreach (LeaseChange change in changes)
        {
            if (change.After is { } peer) builder[peer.Key] = peer;
            else if (change.Before is { } gone) builder.Remove(gone.Key);
        }

        return builder.ToImmutable();
    }
}
