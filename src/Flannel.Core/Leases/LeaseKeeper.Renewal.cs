using Flannel.Core.Diagnostics;
using Flannel.Core.Stores;

namespace Flannel.Core.Leases;

/// <content>
/// When the own lease is written: at its margin, sooner if that failed, and never without a look at the key first if it may have ended meanwhile.
/// </content>
internal sealed partial class LeaseKeeper
{
    private static readonly TimeSpan ShortestWritePause = TimeSpan.FromSeconds(1);

    // When the key was last known to be ours, and when to see to it next.
    private TimeSpan _aliveAt;
    private TimeSpan _ownAt;
    private bool _isUncertain;
    private int _writeFailures;

    /// <summary>Renews the lease when it is time, after a look at the key if anything about it is uncertain.</summary>
    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        // Paused for longer than the lease lives, or a write went wrong: read before writing.
        if (_isUncertain || Now - _aliveAt >= _options.TimeToLive)
        {
            try
            {
                StoreSnapshot snapshot = await _store.ListAsync(null, cancellationToken).ConfigureAwait(false);
                await TakeInAsync(snapshot, isListed: true, cancellationToken).ConfigureAwait(false);
            }
            catch (StoreException error)
            {
                FailWrite(error);
            }
        }
        else
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        TimeSpan started = Now;
        StoredEntry expected = _entry;
        try
        {
            StoreWriteResult result = await _store.RenewAsync(expected, _options.TimeToLive, cancellationToken).ConfigureAwait(false);
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

    private void Hold(StoredEntry written, TimeSpan started, OwnLeaseState state)
    {
        _isUncertain = false;
        _writeFailures = 0;
        _aliveAt = started;
        _ownAt = written.HasTimeToLive ? started + _options.RenewAfter : TimeSpan.MaxValue;
        SetStoreError(ref _writeError, null);
        Report(written, _time.GetUtcNow() + _options.TimeToLive, state);
    }

    private void FailWrite(StoreException error)
    {
        TimeSpan window = ShortestWritePause * Math.Pow(2, Math.Min(++_writeFailures, 16));
        window = window < _options.LongestRenewPause ? window : _options.LongestRenewPause;
        _ownAt = Now + (window * (0.5 + (0.5 * _random.NextDouble())));
        Disarm();
        LogRenewalFailed(Key, error.Message);
        SetStoreError(ref _writeError, error);
    }
}
