using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <content>Writing the own lease when its <see cref="RenewalSchedule"/> says so.</content>
internal sealed partial class LeaseKeeper
{
    // An outage may be long, and every attempt fails.
    private static readonly TimeSpan FailureLogPause = TimeSpan.FromMinutes(1);

    private TimeSpan _failureLogAt;

    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        if (_schedule.MustLookFirst(Now))
            BeginList(isLook: true);
        else
            await RenewAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        TimeSpan started = Now;
        StoredEntry expected = _entry;
        try
        {
            StoreWriteResult result = await WriteAsync(() => _store.RenewAsync(expected, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
            _metrics.CountRenewal(result.Succeeded);
            if (result.Succeeded)
            {
                Hold(result.Entry!, started, OwnLeaseState.Renewed);
                LogRenewed(Key);
                return;
            }

            await SettleAsync(result.Entry, cancellationToken).ConfigureAwait(false);
            if (IsHeld && _entry.ModRevision == expected.ModRevision)
                FailWrite(new StoreException($"The lease store refused to renew {Key} and named no reason.", isTransient: true));
        }
        catch (StoreException error)
        {
            _metrics.CountRenewal(succeeded: false);
            FailWrite(error);
        }
    }

    private Task<StoreWriteResult> WriteAsync(Func<Task<StoreWriteResult>> write)
    {
        _wroteWhileListing |= _listing is not null;
        return write();
    }

    private void Hold(StoredEntry written, TimeSpan started, OwnLeaseState state)
    {
        _schedule.Written(started, written.HasTimeToLive);
        SetStoreError(ref _writeError, null);
        Report(written, _time.GetUtcNow() + _options.TimeToLive, state);
    }

    private void FailWrite(StoreException error)
    {
        _schedule.Failed(Now);
        _alarm.Disarm();
        if (_schedule.Failures == 1 || Now >= _failureLogAt)
        {
            _failureLogAt = Now + FailureLogPause;
            LogRenewalFailed(Key, error.Message);
        }

        SetStoreError(ref _writeError, error);
    }
}
