using System.Collections.Concurrent;
using Etcdserverpb;
using Flannel.Store.Etcd.Client;
using Grpc.Core;

namespace Flannel.Store.Etcd;

/// <content>
/// etcd leases. The store chooses their numbers, so that a grant whose answer got lost can be asked for again, and one that is of no use any more can
/// be revoked later.
/// </content>
internal sealed partial class EtcdLeaseStore
{
    // A request that nobody waits for any more may still arrive, so a lease that is not there now may be there in a moment.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<(long Id, long Since)> _leftOver = new();

    private async Task<EtcdLease> GrantAsync(string key, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        while (true)
        {
            long id = _client.NextLeaseId();
            long seconds = Seconds(timeToLive);
            try
            {
                EtcdReply<LeaseGrantResponse> reply = await _client.CallAsync(
                    EtcdMethods.LeaseGrant, new LeaseGrantRequest { ID = id, TTL = seconds }, "grant a lease for " +
                        $"{_keys.Subnets}{key}", cancellationToken)
                    .ConfigureAwait(false);
                return new EtcdLease(id, reply.Value.TTL);
            }
            catch (StoreException error) when (error.IsLeaseTaken)
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

    /// <summary>Revokes an etcd lease if no key is attached to it. If that cannot be done now it is done later; only cancellation throws.</summary>
    /// <returns>Whether there was such a lease, as far as is known.</returns>
    private async Task<bool> ReleaseAsync(long id, CancellationToken cancellationToken)
    {
        try
        {
            EtcdReply<LeaseTimeToLiveResponse> reply = await _client.CallAsync(
                EtcdMethods.LeaseTimeToLive, new LeaseTimeToLiveRequest { ID = id, Keys = true }, $"look at lease {id:x}", cancellationToken)
                .ConfigureAwait(false);
            // An operator may have attached keys of his own; a lost answer may have been a success.
            if (reply.Value.TTL <= 0 || reply.Value.Keys.Count > 0)
                return reply.Value.TTL > 0;
            await _client.CallAsync(EtcdMethods.LeaseRevoke, new LeaseRevokeRequest { ID = id }, $"revoke lease {id:x}", cancellationToken)
                .ConfigureAwait(false);
            return true;
        }
        catch (StoreException error) when (error.Code == StatusCode.NotFound)
        {
            return false;
        }
        catch (StoreException error)
        {
            Log.LeaseNotRevoked(_logger, id, error.Message);
            LeaveOver(id);
            return true;
        }
        catch (OperationCanceledException)
        {
            LeaveOver(id);
            throw;
        }
    }

    private void LeaveOver(long id) => _leftOver.Enqueue((id, _time.GetTimestamp()));

    private async Task RevokeLeftOversAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int count = _leftOver.Count; count > 0 && _leftOver.TryDequeue(out (long Id, long Since) left); count--)
        {
            bool isThere = await ReleaseAsync(left.Id, cancellationToken).ConfigureAwait(false);
            if (!isThere && _time.GetElapsedTime(left.Since) < Settling)
                _leftOver.Enqueue(left);
        }
    }
}
