using Flannel.Soak;
using Flannel.Soak.Reports;

SoakOptions? options = SoakOptions.Parse(args, Console.Error);
if (options is null) return 2;
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, signal) =>
{
    signal.Cancel = true;
    stop.Cancel();
};
await using SoakCluster cluster = await SoakCluster.StartAsync(options);
SoakReport report = await new SoakRun(cluster, options, Console.Out).RunAsync(stop.Token);
report.Write(Console.Out);
return report.Violations.Count == 0 ? 0 : 1;
