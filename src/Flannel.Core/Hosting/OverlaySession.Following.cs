using System.Collections.Immutable;
using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;

namespace Flannel.Core.Hosting;

/// <content>Step 8: the loops of a session that is up. The first one that ends, ends the session.</content>
internal sealed partial class OverlaySession
{
    /// <summary>The time that undoing may take, whatever the store and the kernel do.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(4);

    private async Task<string> FollowAsync(IBackend backend, ExternalInterface external, LeaseRequest request, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task<string>> loops =
        [
            FollowLeasesAsync(backend, request, all.Token),
            FollowDataPathAsync(request.Attributes, all.Token),
            FollowHostAsync(external, all.Token),
            FollowTrafficAsync(all.Token),
        ];
        if (_subnetFile is not null) loops.Add(_subnetFile.RunAsync(all.Token));
        Task<string> first = await Task.WhenAny(loops).ConfigureAwait(false);
        await all.CancelAsync().ConfigureAwait(false);
        foreach (Task other in loops.Where(loop => loop != first))
            await other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        string reason = await first.ConfigureAwait(false);
        Remember();
        return reason;
    }

    private async Task<string> FollowLeasesAsync(IBackend backend, LeaseRequest request, CancellationToken cancellationToken)
    {
        IAsyncEnumerable<LeaseWatchResult> results = _services.SubnetManager.WatchAsync(request, _lease!, cancellationToken);
        await foreach (LeaseWatchResult result in results.ConfigureAwait(false))
        {
            switch (result)
            {
                case LeaseSnapshot snapshot:
                    _network!.SetPeers(snapshot.Peers);
                    ImmutableDictionary<SubnetKey, Lease> peers = snapshot.Peers.ToImmutableDictionary(peer => peer.Key);
                    _condition.Change(condition => condition with { HasPeers = true, Peers = peers, Backend = _network.Status });
                    break;
                case LeaseChanges changes:
                    _network!.ChangePeers(changes.Changes);
                    _condition.Change(condition => condition with { Peers = Apply(condition.Peers, changes.Changes), Backend = _network.Status });
                    break;
                case OwnLeaseChanged own:
                    _lease = own.Lease;
                    _condition.Change(condition => condition with { Lease = own.Lease, LeaseError = own.Error });
                    break;
                case StoreAvailabilityChanged store:
                    _condition.Change(condition => condition with { StoreError = store.Error });
                    break;
                case QuarantineChanged quarantine:
                    _condition.Change(condition => condition with { Quarantined = quarantine.Leases });
                    break;
                case NetworkConfigChanged { Config: { } config }:
                    if (NeedsNewSession(backend, config)) return "the network configuration in the store changed";
                    break;
                case NetworkConfigChanged { Error: { } error }:
                    ReportPending(new PendingConfig(null, [error.Message]));
                    break;
            }
        }

        throw EndedByItself();
    }

    private bool NeedsNewSession(IBackend backend, NetworkConfig wanted)
    {
        var transition = ConfigTransition.Between(_config, _peerConfig, wanted, _lease!.Key, backend);
        if (transition.Config != _config || transition.PeerConfig != _peerConfig) return true;
        ReportPending(transition.Pending);
        return false;
    }

    private async Task<string> FollowDataPathAsync(LeaseAttributes published, CancellationToken cancellationToken)
    {
        int mtu = 0;
        await foreach (BackendStatus _ in _network!.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            // The item may be older than a peer list applied meanwhile, so the status of this moment counts.
            _condition.Change(condition => condition with { Backend = _network.Status });
            if (_network.Status.Attributes is { } attributes && attributes != published) return "the backend has something else to publish";
            if (_network.Status.Mtu == mtu) continue;
            mtu = _network.Status.Mtu;
            await _trafficHolds.Task.WaitAsync(cancellationToken).ConfigureAwait(false); // what the file promises (masquerading) is true before it is there
            _subnetFile?.Put(new SubnetFile
            {
                Network = _config.Network,
                Subnet = _lease!.Subnet,
                IPv6Network = _config.IPv6Network,
                IPv6Subnet = _lease.SubnetIPv6,
                Mtu = mtu,
                IpMasq = Options.IpMasq,
            });
        }

        throw EndedByItself();
    }

    private async Task<string> FollowHostAsync(ExternalInterface external, CancellationToken cancellationToken)
    {
        ExternalInterface other = await _services.HostNetwork
            .WaitForOtherExternalInterfaceAsync(Options.NetworkNamespace, Options.ExternalInterface, _config, external, cancellationToken)
            .ConfigureAwait(false);
        return $"the external interface is {other.Name} with {other.PublicIP ?? other.PublicIPv6} now";
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
