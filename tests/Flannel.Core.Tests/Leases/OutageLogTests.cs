using Flannel.Core.Leases.Policy;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Lab.Logging;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Leases;

/// <summary>What the log says of a store that is away: the beginning, a reminder now and then, and how long it was.</summary>
public class OutageLogTests
{
    // Between two attempts to renew.
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly SubnetManagerLab _lab = new(options: SubnetManagerLab.NoRelist with { TimeToLive = TimeSpan.FromMinutes(30) });
    private readonly RecordingLogger<SubnetManager> _log = new();

    private IEnumerable<string> Warnings => _log.Lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text);

    [Fact]
    public async Task Outage_WhoseReasonChangesAllTheTime_IsLoggedLessAndLessOften()
    {
        var node = new LabNode(_lab, _lab.Request(1), seed: 1, _log);
        await using LeaseFollower follower = await node.StartAsync();

        await BeAwayAsync(node, follower, TimeSpan.FromMinutes(16));

        // 0, 1, 3, 7 and 15 minutes; renewing fails from minute 15 on.
        Assert.Equal(5, Warnings.Count(text => text.Contains("lease store", StringComparison.Ordinal)));
        Assert.InRange(Warnings.Count(text => text.Contains("Keeping the lease", StringComparison.Ordinal)), 1, 2);
        Assert.Single(
            Warnings, text => text.StartsWith("The lease store cannot be reached; peers stay as last known. attempt ", StringComparison.Ordinal));
        Assert.Contains(Warnings, text => text.StartsWith("The lease store has not been reached for 3 min ", StringComparison.Ordinal));
        // The store is back after 16 minutes, which the next attempt finds.
        string back = Assert.Single(
            _log.Lines,
            static line => line.Level == LogLevel.Information && line.Text.StartsWith("The lease store answers " +
                "again, ", StringComparison.Ordinal)).Text;
        Assert.Matches("after 1[67] min ", back);
    }

    [Fact]
    public async Task Outage_LongerThanTheLease_SaysOnceThatItMayBeLost()
    {
        var node = new LabNode(_lab, _lab.Request(1), seed: 1, _log);
        await using LeaseFollower follower = await node.StartAsync();

        await BeAwayAsync(node, follower, TimeSpan.FromMinutes(100));

        Assert.Single(Warnings, text => text.Contains("may be lost", StringComparison.Ordinal));
        Assert.InRange(Warnings.Count(), 8, 20);
    }

    /// <summary>Takes the store away for a while, each attempt for another reason, and waits until it is back.</summary>
    private async Task BeAwayAsync(LabNode node, LeaseFollower follower, TimeSpan duration)
    {
        node.Store.Away = new StoreException("attempt 0", isTransient: true);
        await follower.UntilAsync<StoreAvailabilityChanged>();
        TimeSpan end = _lab.Time.Elapsed + duration;
        for (int attempt = 1; _lab.Time.Elapsed < end; attempt++)
        {
            node.Store.Away = new StoreException($"attempt {attempt}", isTransient: true);
            // While an attempt is under way, the next timer is that of the lease's end.
            _lab.Time.Advance(await _lab.Time.WaitForTimerWithinAsync(LongestPause));
        }

        node.Store.Away = null;
        Task<StoreAvailabilityChanged> back = follower.UntilAsync<StoreAvailabilityChanged>(store => store.Error is null);
        while (!back.IsCompleted)
        {
            using var enough = new CancellationTokenSource();
            Task<TimeSpan> next = _lab.Time.WaitForTimerWithinAsync(LongestPause, enough.Token);
            if (await Task.WhenAny(back, next) == next) _lab.Time.Advance(await next);
            await enough.CancelAsync();
        }

        await back;
    }
}
