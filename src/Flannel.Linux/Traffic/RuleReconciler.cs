using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink;
using Microsoft.Extensions.Logging;

namespace Flannel.Linux.Traffic;

/// <summary>The loop that both packet filters share: read, put right, wait for a change or for the next look.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class RuleReconciler(TimeProvider time, ILogger<RuleReconciler> logger)
{
    // A reload of somebody's firewall is many changes in a row, and our own writing is heard as well: one look afterwards serves for all of them.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private static readonly BackOff Retries = new(TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(30), jitter: 0);

    /// <inheritdoc cref="ITrafficRules.KeepAsync"/>
    public async IAsyncEnumerable<TrafficStatus> KeepAsync(
        TrafficPolicy policy, IRuleSet rules, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string network = NetworkName.Of(policy.NetworkName);
        var blackholes = new BlackholeRoutes(policy);
        using var watch = new RuleWatch(policy, rules, blackholes, time);
        TrafficStatus? told = null;
        int failures = 0;
        bool wasWritten = false;
        while (true)
        {
            FlannelException? problem = await TryAsync(RepairAsync).ConfigureAwait(false);
            if (problem is null && told is null)
            {
                told = new TrafficStatus(null);
                yield return told;
            }

            // What an earlier policy left is in nobody's way: a node that starts does not wait for it.
            problem ??= await TryAsync(CleanUpAsync).ConfigureAwait(false);
            failures = problem is null ? 0 : failures + 1;
            if (told is null || told.Problem?.Message != problem?.Message)
            {
                LogOutcome(network, told, problem);
                told = new TrafficStatus(problem);
                yield return told;
            }

            if (problem is null)
            {
                await watch.WaitAsync(policy.ResyncInterval, cancellationToken).ConfigureAwait(false);
                await Task.Delay(Settling, time, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await Task.Delay(Retries.LongestDelay(failures), time, cancellationToken).ConfigureAwait(false);
            }
        }

        async Task RepairAsync()
        {
            if (watch.Open() is { } refusal && told is null)
                Log.Unwatched(logger, refusal, network, policy.ResyncInterval);
            IReadOnlyList<string> repaired = [.. await rules.RepairAsync(cancellationToken).ConfigureAwait(false), .. blackholes.Repair()];
            if (repaired.Count > 0)
                LogRepaired(network, wasWritten, repaired);
            wasWritten = true;
        }

        async Task CleanUpAsync()
        {
            IReadOnlyList<string> removed = await rules.CleanUpAsync(cancellationToken).ConfigureAwait(false);
            if (removed.Count > 0)
                Log.Removed(logger, network, string.Join("; ", removed));
        }

        static async Task<FlannelException?> TryAsync(Func<Task> action)
        {
            try
            {
                await action().ConfigureAwait(false);
                return null;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // the top of the loop: whatever it is, the next round tries again, and the status says it meanwhile
                return exception as FlannelException
                    ?? new TrafficRulesException($"The traffic rules cannot be kept: {exception.Message}", isTransient: true, exception);
            }
        }
    }

    /// <inheritdoc cref="ITrafficRules.RemoveAsync"/>
    public async Task RemoveAsync(TrafficPolicy policy, IRuleSet rules, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> removed = await rules.RemoveAsync(cancellationToken).ConfigureAwait(false);
        if (removed.Count > 0)
            Log.Removed(logger, NetworkName.Of(policy.NetworkName), string.Join("; ", removed));
        if (!policy.Blackhole) return;
        try
        {
            new BlackholeRoutes(policy).Remove();
        }
        catch (NetlinkException exception)
        {
            throw new TrafficRulesException(
                $"The blackhole routes of {NetworkName.Within(policy.NetworkName)} cannot be removed: {exception.Message}",
                isTransient: true,
                exception);
        }
    }

    private void LogOutcome(string network, TrafficStatus? before, FlannelException? problem)
    {
        if (problem is not null)
            Log.Failing(logger, problem, network);
        else if (before?.Problem is not null)
            Log.HoldAgain(logger, network);
    }

    private void LogRepaired(string network, bool wasWritten, IReadOnlyList<string> repaired)
    {
        string details = string.Join("; ", repaired);
        if (wasWritten)
            Log.Repaired(logger, network, details);
        else
            Log.Written(logger, network, details);
    }
}
