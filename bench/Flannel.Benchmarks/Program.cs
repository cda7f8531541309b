using Flannel;
using Flannel.Benchmarks;
using Flannel.Benchmarks.Reporting;
using Flannel.Netlink;

IBench[] benches =
[
    new PeersBench(), new ResyncBench(), new LatencyBench(), new NodesBench(), new StartBench(), new KubernetesBench(), new PutBench(),
    new StoreBench(),
    new AllocationBench(), new ThroughputBench(), new GuardBench(), new AttachBench(),
];
if (args.Intersect(["-h", "--help", "help"]).Any())
{
    Console.WriteLine(BenchOptions.Usage(benches));
    return 0;
}

using var interrupt = new Interrupt();
try
{
    BenchOptions options = BenchOptions.Parse(args, benches);
    var report = new Report(options.Command, HostFacts.Read());
    foreach (IBench bench in options.Benches)
    {
        report.Progress($"{bench.Name}: {bench.Subject}");
        await bench.RunAsync(options.Rounds, report, interrupt.Token);
    }

    Console.WriteLine(report.ToMarkdown());
    if (options.MarkdownFile is { } markdown) await File.WriteAllTextAsync(markdown, report.ToMarkdown());
    if (options.JsonFile is { } json) await File.WriteAllTextAsync(json, report.ToJson());
    return 0;
}
catch (Exception) when (interrupt.Token.IsCancellationRequested)
{
    // Not a cancellation alone: a program that was being waited for gets the terminal's Ctrl+C as well, and fails.
    return interrupt.ExitCode;
}
catch (Exception exception) when (exception is BenchException or FlannelException or NetlinkException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine($"bench: {exception.Message}");
    return 1;
}
