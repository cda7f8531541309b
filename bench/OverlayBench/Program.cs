using Flannel;
using Flannel.Benchmarks;
using Flannel.Benchmarks.Reporting;
using Flannel.Netlink;
using OverlayBench;
using OverlayBench.Reporting;

if (args.Intersect(["-h", "--help", "help"]).Any())
{
    Console.WriteLine(OverlayOptions.Usage);
    return 0;
}

using var interrupt = new Interrupt();
try
{
    OverlayOptions options = OverlayOptions.Parse(args);
    var report = new OverlayReport(options.Command, HostFacts.Read());
    await new OverlayRun(options, report).RunAsync(interrupt.Token);

    Console.WriteLine(report.ToMarkdown());
    if (options.MarkdownFile is { } markdown) await File.WriteAllTextAsync(markdown, report.ToMarkdown());
    if (options.JsonFile is { } json) await File.WriteAllTextAsync(json, report.ToJson());
    if (options.ChartFile is { } chart) await File.WriteAllTextAsync(chart, BarChart.Draw(report));
    return 0;
}
catch (Exception) when (interrupt.Token.IsCancellationRequested)
{
    // Not a cancellation alone: a program that was being waited for gets the terminal's Ctrl+C as well, and fails.
    return interrupt.ExitCode;
}
catch (Exception exception) when (exception is BenchException or FlannelException or NetlinkException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"bench overlay: {exception.Message}");
    return 1;
}
