using System.Collections.Concurrent;
using Flannel.Core.Diagnostics;
using Flannel.Store.Etcd.Client;
using Flannel.Store.Etcd.Grpc;
using Flannel.Store.Etcd.Protocol;

namespace Flannel.Store.Etcd;

/// <content>
/// etcd leases. The store chooses their numbers, so that a grant whose answer got lost can be asked for again, and one that is of no use any more can be
/// revoked later.
/// </content>
internal sealed partial class EtcdLeaseStore
{
    private readonly ConcurrentQueue<long> _leftOver = new();

    private async Task<EtcdLease> GrantAsync(string key, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        while (true)
        {
            long id = _client.NextLeaseId();
            long seconds = Seconds(timeToLive);
            try
            {
                EtcdReply<LeaseGrantResponse> reply = await _client.CallAsync(
                    EtcdMethods.LeaseGrant, new LeaseGrantRequest { ID = id, TTL = seconds }, $"grant a lease for {_keys.Subnets}{key}", cancellationToken)
                    .ConfigureAwait(false);
                return new EtcdLease(id, reply.Value.TTL);
            }
            catch (EtcdException error) when (error.Code == GrpcStatusCode.FailedPrecondition && error.Message.Contains("lease already exists", StringComparison.Ordinal))
            {
                // Either an earlier attempt made it, or somebody drew the same number.
                if (error.MayBeRepeat)
                    return new EtcdLease(id, seconds);
            }
            catch
            {
                LeaveOver(id);
                throw;
            }
        }
    }

    /// <summary>Revokes an etcd lease if no key is attached to it, now or later. Only cancellation throws, and it leaves the lease for later too.</summary>
    private async Task ReleaseAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            EtcdReply<LeaseTimeToLiveResponse> reply = await _client.CallAsync(
                EtcdMethods.LeaseTimeToLive, new LeaseTimeToLiveRequest { ID = id, Keys = true }, $"look at lease {id:x}", cancellationToken).ConfigureAwait(false);
            // An operator may have attached keys of his own; a lost answer may have been a success.
            if (reply.Value.TTL <= 0 || reply.Value.Keys.Count > 0)
                return;
            await _client.CallAsync(EtcdMethods.LeaseRevoke, new LeaseRevokeRequest { ID = id }, $"revoke lease {id:x}", cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdException error) when (error.Code == GrpcStatusCode.NotFound)
        {
            // It is gone, which is what was wanted.
        }
        catch (StoreException error)
        {
            LogLeaseNotRevoked(id, error.Message);
            LeaveOver(id);
        }
        catch (OperationCanceledException)
        {
            LeaveOver(id);
            throw;
        }
    }

    private void LeaveOver(long id) => _leftOver.Enqueue(id);

    private async Task RevokeLeftOversAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int count = _leftOver.Count; count > 0 && _leftOver.TryDequeue(out long id); count--)
            await ReleaseAsync(id, cancellationToken).ConfigureAwait(false);
    }
}
