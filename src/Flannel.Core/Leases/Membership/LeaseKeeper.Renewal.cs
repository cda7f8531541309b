using System.Diagnostics;
using Flannel.Core.Diagnostics;
using Flannel.Core.Timing;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Membership;

/// <content>Writing the own lease when its <see cref="RenewalSchedule"/> says so.</content>
internal sealed partial class LeaseKeeper
{
    private readonly Reminder _failing = new();

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
        using Activity? activity = Instrumentation.Source.StartActivity(FlannelTelemetry.RenewActivity);
        activity?.SetTag(FlannelTelemetry.NetworkTag, _store.NetworkName).SetTag(FlannelTelemetry.SubnetTag, Key.ToString());
        try
        {
            StoreWriteResult result = await WriteAsync(
                () => _store.RenewAsync(expected, _options.TimeToLive, cancellationToken)).ConfigureAwait(false);
            _metrics.CountRenewal(result.Succeeded);
            activity?.SetTag(FlannelTelemetry.ResultTag, result.Succeeded ? "ok" : "failed");
            if (result.Succeeded)
            {
                Hold(result.Entry!, started, OwnLeaseState.Renewed);
                Log.Renewed(_logger, Key);
                return;
            }

            await SettleAsync(result.Entry, isLive: false, cancellationToken).ConfigureAwait(false);
            if (IsHeld && _entry.ModRevision == expected.ModRevision)
                FailWrite(new StoreException($"The lease store refused to renew {Key} and named no reason.", isTransient: true));
        }
        catch (StoreException error)
        {
            _metrics.CountRenewal(succeeded: false);
            activity?.SetTag(FlannelTelemetry.ResultTag, "failed");
            activity.Fail(error);
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
        _failing.End(Now);
        SetStoreError(ref _writeError, null);
        Report(written, _time.GetUtcNow() + _options.TimeToLive, state);
    }

    private void FailWrite(StoreException error)
    {
        _schedule.Failed(Now);
        _alarm.Disarm();
        if (_failing.IsDue(Now)) Log.RenewalFailed(_logger, Key, error.Message);

        SetStoreError(ref _writeError, error);
    }
}
