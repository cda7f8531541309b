using System.Collections.Immutable;
using Flannel.Core.Addressing;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;

namespace Flannel.Core.Hosting;

// Step 8 of a session: three loops, one for the leases, one for the data path, one for the subnet file. The first to fail ends the others.
internal sealed partial class OverlaySession
{
    /// <summary>What undoing everything may take, whatever the store and the kernel do.</summary>
    private static readonly TimeSpan RemovalLimit = TimeSpan.FromSeconds(4);

    private async Task FollowAsync(NetworkConfig config, LeaseRequest request, CancellationToken cancellationToken)
    {
        using var all = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> loops = [FollowLeasesAsync(request, all.Token), FollowDataPathAsync(config, all.Token)];
        if (_subnetFile is not null) loops.Add(_subnetFile.RunAsync(all.Token));
        Task first = await Task.WhenAny(loops).ConfigureAwait(false);
        await all.CancelAsync().ConfigureAwait(false);
        foreach (Task other in loops.Where(loop => loop != first))
            await other.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        throw new InvalidOperationException("A loop that only cancellation ends has ended by itself.");
    }

    private async Task FollowLeasesAsync(LeaseRequest request, CancellationToken cancellationToken)
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
            }
        }
    }

    private async Task FollowDataPathAsync(NetworkConfig config, CancellationToken cancellationToken)
    {
        int mtu = 0;
        await foreach (BackendStatus _ in _network!.WatchAsync(cancellationToken).ConfigureAwait(false))
        {
            // The item may be older than a peer list applied meanwhile, so the status of this moment counts.
            _condition.Change(condition => condition with { Backend = _network.Status });
            if (_network.Status.Mtu == mtu) continue;
            mtu = _network.Status.Mtu;
            _subnetFile?.Put(new SubnetFile
            {
                Network = config.Network,
                Subnet = _lease!.Subnet,
                IPv6Network = config.IPv6Network,
                IPv6Subnet = _lease.SubnetIPv6,
                Mtu = mtu,
                IpMasq = Options.IpMasq,
            });
        }
    }

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
