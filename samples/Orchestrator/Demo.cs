using System.Diagnostics;
using Flannel;
using Flannel.Netlink;
using Orchestrator.Machines;
using Orchestrator.Pinging;
using Orchestrator.Reporting;

namespace Orchestrator;

/// <summary>The demo from beginning to end: make hosts, join them into an overlay, start containers, ping, report, remove everything.</summary>
internal sealed class Demo(DemoOptions options)
{
    private readonly Screen _screen = new();
    private readonly long _start = Stopwatch.GetTimestamp();

    private TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    /// <returns>Whether every ping was answered through the overlay.</returns>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        await using var cluster = new Cluster(options);
        try
        {
            Report report = await BuildAndPingAsync(cluster, cancellationToken);
            Show(report);
            if (options.Keep) await StayAsync(cluster, cancellationToken);
            return report.Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Fail("Interrupted.");
            throw;
        }
        catch (Exception exception) when (exception is FlannelException or NetlinkException or DemoException or IOException)
        {
            Fail(exception.Message);
            return false;
        }
        finally
        {
            await _screen.StepAsync("Removing everything again", () => cluster.DisposeAsync().AsTask());
        }
    }

    private async Task<Report> BuildAndPingAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        await _screen.StepAsync($"Making {options.Hosts} hosts on one bridge", () => cluster.MakeHosts(cancellationToken));
        await _screen.StepAsync($"Joining them into one {options.Backend} overlay", () => cluster.JoinAsync(cancellationToken));
        await _screen.StepAsync("Starting two containers on each", () => cluster.StartContainersAsync(cancellationToken));

        ILookup<DemoHost, Tunnel> before = cluster.ReadTunnels();
        IReadOnlyList<Ping> pings = [];
        await _screen.StepAsync("Pinging between all of them", async progress =>
        {
            await using var matrix = new PingMatrix([.. cluster.Containers]);
            pings = await matrix.RunAsync(progress, cancellationToken);
        });
        return Report.Of(options, cluster, before, cluster.ReadTunnels(), pings, Elapsed);
    }

    private void Show(Report report)
    {
        if (options.Json) _screen.Write(JsonReport.Write(report));
        else new ReportView(report).Draw(_screen.Output);
    }

    private void Fail(string reason)
    {
        if (options.Json) Show(Report.OfFailure(options, reason, Elapsed));
        else _screen.Say(reason);
    }

    private async Task StayAsync(Cluster cluster, CancellationToken cancellationToken)
    {
        _screen.Say(Entrance.Describe(cluster));
        await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
