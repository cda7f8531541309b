using System.Threading.Channels;
using Flannel.Linux.Guard;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;

namespace Flannel.Extensibility;

/// <content>The loop that keeps the guard in place and reads what it dropped.</content>
public sealed partial class TunnelGuard
{
    /// <summary>A reload of somebody's firewall is many changes in a row; one look afterwards serves for all of them.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan DropsInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);
    private static readonly BackOff Retries = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30), jitter: 0);

    private GuardDrops _dropsBefore; // of tables that were replaced
    private GuardDrops _dropsNow; // of this table, as last read
    private long _dropsRead;
    private GuardDrops _logged;
    private long? _loggedAt;

    /// <summary>Writes what changed, puts right what others changed, and counts, until cancelled.</summary>
    /// <param name="cancellationToken">Ends the loop.</param>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!_options.Enabled)
        {
            // An earlier run may have left one. The kernel may refuse while others change something.
            for (int failures = 1; !TryDeleteFormer(); failures++)
                await Task.Delay(Retries.LongestDelay(failures), _time, cancellationToken).ConfigureAwait(false);
            await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken).ConfigureAwait(false);
        }

        NftablesMonitor? monitor = null;
        try
        {
            long verified = _time.GetTimestamp();
            int failures = 0;
            while (true)
            {
                TimeSpan patience = failures == 0 ? DropsInterval : Retries.LongestDelay(failures);
                bool isSuspect = false;
                try
                {
                    isSuspect = await WaitAsync(monitor, patience, cancellationToken).ConfigureAwait(false);
                }
                catch (ChannelClosedException)
                {
                    monitor!.Dispose();
                    (monitor, isSuspect) = (null, true); // whatever happened meanwhile was not heard
                }

                if (isSuspect) await Task.Delay(Settling, _time, cancellationToken).ConfigureAwait(false);
                bool isDue = _time.GetElapsedTime(verified) >= _resyncInterval;
                if (isSuspect || isDue) verified = _time.GetTimestamp();
                failures = Keep(isSuspect, isDue) ? 0 : failures + 1;

                // Not before the peers are written: the kernel would tell of every one. What happened in between, the generation says.
                if (monitor is null && IsWritten() && (monitor = OpenMonitor()) is not null)
                    failures = Keep(isSuspect: true, isDue: false) ? 0 : failures + 1;
            }
        }
        finally
        {
            monitor?.Dispose();
        }
    }

    private bool TryDeleteFormer()
    {
        lock (_writing)
        {
            return Try(() =>
            {
                try
                {
                    Delete_NeedsLock([_name, .. _formerNames]);
                }
                catch (NetlinkException refusal) when (IsUnknown(refusal))
                {
                    // Without nf_tables nothing can have been left.
                }
            });
        }
    }

    private bool Keep(bool isSuspect, bool isDue)
    {
        lock (_writing)
        {
            bool isReading = _time.GetElapsedTime(_dropsRead) >= DropsInterval; // peers may change more often
            bool isDone = Try(() =>
            {
                Write_NeedsLock();
                if (isDue || (isSuspect && _netlink?.GetGeneration() != _generation)) Verify_NeedsLock();
                if (isReading) ReadDrops_NeedsLock();
            });
            if (isReading) TellDrops_NeedsLock(); // what the backend drops, it drops whatever the kernel refuses
            return isDone;
        }
    }

    private bool IsWritten()
    {
        lock (_writing) return _table is not null;
    }

    /// <returns><see langword="null"/> if the kernel does not tell; then the full comparison has to do.</returns>
    private NftablesMonitor? OpenMonitor()
    {
        try
        {
            uint own;
            lock (_writing) own = Netlink_NeedsLock().PortId;
            return _host.Run(() => NftablesMonitor.Open(change => change.Table == _name, own));
        }
        catch (NetlinkException)
        {
            return null;
        }
    }

    /// <summary>Waits for something to write, for a change by others, or until patience is over.</summary>
    /// <returns>Whether others changed the table.</returns>
    private async Task<bool> WaitAsync(NftablesMonitor? monitor, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task change = monitor is null ? Task.Delay(Timeout.InfiniteTimeSpan, _time, end.Token) : monitor.WaitAsync(end.Token).AsTask();
        Task[] waits = [_wake.Reader.ReadAsync(end.Token).AsTask(), change, Task.Delay(patience, _time, end.Token)];
        await Task.WhenAny(waits).ConfigureAwait(false);
        await end.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(waits).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        if (change.IsFaulted) await change.ConfigureAwait(false);
        return change.IsCompletedSuccessfully;
    }

    private void ReadDrops_NeedsLock()
    {
        if (_table is null) return;
        ILookup<string, long> counts = _table.Families.SelectMany(family => Netlink_NeedsLock().GetCounters(family, _name))
            .ToLookup(static counter => counter.Name, static counter => (long)counter.Packets);
        _dropsNow = new GuardDrops(
            Of(GuardDrop.UnknownSender), Of(GuardDrop.Container), Of(GuardDrop.ForeignSource), Of(GuardDrop.ForeignDestination));

        long Of(GuardDrop drop) => counts[GuardTable.NameOf(drop)].Sum();
    }

    private void TellDrops_NeedsLock()
    {
        _dropsRead = _time.GetTimestamp();
        GuardDrops total = _dropsBefore + _dropsNow + (_tunnel.ReadDrops?.Invoke() ?? default);
        if (_status is not { } status || status.Drops == total) return;
        _status = status with { Drops = total };
        LogDrops(total);
        _onStatusChanged();
    }

    private void ForgetDrops_NeedsLock() => (_dropsBefore, _dropsNow) = (_dropsBefore + _dropsNow, default);

    private void LogDrops(GuardDrops total)
    {
        if (_loggedAt is { } before && _time.GetElapsedTime(before) < LogInterval) return;
        GuardDrops news = total - _logged;
        Log.Dropped(_logger, _network, news.Total, news.UnknownSender, news.Container, news.ForeignSource, news.ForeignDestination);
        (_logged, _loggedAt) = (total, _time.GetTimestamp());
    }
}
