using System.Text.Json.Nodes;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Demo;

public class DemoTests
{
    [NetnsFact]
    public async Task Demo_ByDefault_DrawsThreeHostsAndEveryPing()
    {
        using var demo = DemoProcess.Start();
        Assert.True(await demo.FinishAsync() == 0, demo.ToString());

        Assert.Contains("Hosts in the vxlan overlay 10.244.0.0/16", demo.Output, StringComparison.Ordinal);
        Assert.Matches(@"host-3 +192\.168\.100\.3 +10\.244\.\d+\.0/24 +1450 +([0-9a-f]{2}:){5}[0-9a-f]{2}", demo.Output);
        Assert.Matches(@"host-3 +flannel\.1 +\d+ → \d+ +\+\d+ +\d+ → \d+ +\+\d+ +16", demo.Output);
        Assert.Matches(@"3b +10\.244\.\d+\.3( +\d\.\d\d){5}", demo.Output);
        Assert.Contains("All 30 pings answered, 24 of them across hosts", demo.Output, StringComparison.Ordinal);
        Assert.Contains("Pinging between all of them ... ✓", demo.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', demo.Output + demo.Errors); // no colours where there is no terminal
    }

    [NetnsTheory]
    [InlineData(1, false)]
    [InlineData(3, true)]
    [InlineData(20, false)]
    public async Task Demo_Json_IsOneDocumentWithTheProof(int hosts, bool dualStack)
    {
        using var demo = DemoProcess.Start(["--json", "--hosts", $"{hosts}", .. dualStack ? ["--dual-stack"] : Array.Empty<string>()]);
        Assert.True(await demo.FinishAsync() == 0, demo.ToString());

        JsonNode report = JsonNode.Parse(demo.Output)!;
        int families = dualStack ? 2 : 1;
        int containers = 2 * hosts;
        Assert.True((bool)report["ok"]!);
        Assert.Equal(hosts, report["hosts"]!.AsArray().Count);
        Assert.Equal(
            hosts * families,
            report["hosts"]!.AsArray().SelectMany(host => host!["subnets"]!.AsArray()).Select(subnet => (string)subnet!).Distinct().Count());
        Assert.All(report["hosts"]!.AsArray(), host => Assert.Equal(dualStack ? 1430 : 1450, (int)host!["mtu"]!));
        Assert.Equal(containers * (containers - 1) * families, report["pings"]!.AsArray().Count);
        Assert.All(report["pings"]!.AsArray(), ping => Assert.True((double)ping!["milliseconds"]! > 0));

        // Each of the two containers asks every one of another host, and is asked by it: one packet out and one in for each.
        ulong needed = 2 * 2 * (ulong)(containers - 2);
        JsonNode[] tunnels = [.. report["hosts"]!.AsArray().SelectMany(host => host!["tunnels"]!.AsArray())!];
        Assert.Equal(hosts * families, tunnels.Select(tunnel => (string)tunnel["vtepMac"]!).Distinct().Count());
        Assert.All(tunnels, tunnel =>
        {
            Assert.Equal(needed, (ulong)tunnel["needed"]!);
            Assert.True((ulong)tunnel["sentAfter"]! - (ulong)tunnel["sentBefore"]! >= needed);
            Assert.True((ulong)tunnel["receivedAfter"]! - (ulong)tunnel["receivedBefore"]! >= needed);
        });
    }

    [NetnsFact]
    public async Task Demo_HostGateway_PingsByPlainRoutes()
    {
        using var demo = DemoProcess.Start("--backend", "host-gw", "--dual-stack");
        Assert.True(await demo.FinishAsync() == 0, demo.ToString());

        Assert.Contains("Hosts in the host-gw overlay 10.244.0.0/16", demo.Output, StringComparison.Ordinal);
        Assert.Matches(@"host-3 +192\.168\.100\.3 +10\.244\.\d+\.0/24 +1500", demo.Output);
        Assert.DoesNotContain("Tunnels", demo.Output, StringComparison.Ordinal);
        Assert.Contains("All 60 pings answered, 48 of them across hosts, by plain routes.", demo.Output, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Demo_Udp_PingsThroughTunDevices()
    {
        using var demo = DemoProcess.Start("--backend", "udp", "--dual-stack");
        Assert.True(await demo.FinishAsync() == 0, demo.ToString());

        Assert.Matches(@"host-3 +192\.168\.100\.3 +10\.244\.\d+\.0/24 +1452", demo.Output);
        Assert.Matches(@"host-3 +flannel0 ", demo.Output);
        Assert.Contains("All 60 pings answered, 48 of them across hosts, through the tunnels.", demo.Output, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Demo_ManyHosts_DrawsPairsOfHosts()
    {
        using var demo = DemoProcess.Start("--hosts", "7");
        Assert.True(await demo.FinishAsync() == 0, demo.ToString());
        Assert.Matches(@"host-7( [▁▂▃▄▅▆▇█]| ){8,}( +\d\.\d\d){3}", demo.Output);
        Assert.Contains("All 182 pings answered", demo.Output, StringComparison.Ordinal);
    }

    [NetnsTheory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    [InlineData("HUP", 129)]
    public async Task Demo_InterruptedInTheMiddle_RemovesEverything(string signal, int exitCode)
    {
        // So many that the signal comes long before the end, however busy the machine is.
        using var demo = DemoProcess.Start("--hosts", "80");
        await demo.WaitForNamespaceAsync("-host-10");
        await demo.SignalAsync(signal);
        Assert.Equal(exitCode, await demo.FinishAsync());
        Assert.Contains("Interrupted.", demo.Errors, StringComparison.Ordinal);
        Assert.Empty(demo.Output.Trim());
    }

    [NetnsFact]
    public async Task Demo_InterruptedWithContainersRunning_RemovesEverything()
    {
        // As above.
        using var demo = DemoProcess.Start("--hosts", "80", "--json");
        await demo.WaitForNamespaceAsync("-host-2-a");
        await demo.SignalAsync("INT");
        Assert.Equal(130, await demo.FinishAsync());
        Assert.False((bool)JsonNode.Parse(demo.Output)!["ok"]!);
    }

    [NetnsFact]
    public async Task Demo_Keep_StaysUntilInterruptedAndTellsTheWayIn()
    {
        using var demo = DemoProcess.Start("--keep", "--hosts", "2");
        await demo.WaitForErrorsAsync("a container:");
        await demo.WaitForOutputAsync("All 12 pings answered"); // written before, but read through another pipe
        Assert.Equal(7, demo.Namespaces("").Length); // the switch, two hosts, four containers
        Assert.Equal(2, demo.Folders().Length);
        Assert.Contains(Assert.Single(demo.Namespaces("-host-1")), demo.Errors, StringComparison.Ordinal);

        await demo.SignalAsync("INT");
        Assert.Equal(0, await demo.FinishAsync());
    }

    [NetnsFact]
    public async Task Demo_TwoAtOnce_DoNotCollide()
    {
        using var first = DemoProcess.Start("--keep");
        using var second = DemoProcess.Start("--keep");
        await first.WaitForErrorsAsync("a container:");
        await second.WaitForErrorsAsync("a container:");
        await first.SignalAsync("TERM");
        await second.SignalAsync("TERM");
        await Task.WhenAll(first.WaitForErrorsAsync("Removing everything again ... ✓"), second.WaitForErrorsAsync("Removing everything again ... ✓"));
        Assert.Equal(0, await first.FinishAsync());
        Assert.Equal(0, await second.FinishAsync());
    }

    [NetnsFact]
    public async Task Demo_UnknownBackend_FailsWithTheRegisteredOnesAndRemovesEverything()
    {
        using var demo = DemoProcess.Start("--backend", "pigeon");
        Assert.Equal(1, await demo.FinishAsync());
        Assert.Contains("the backend 'pigeon'", demo.Errors, StringComparison.Ordinal);
        Assert.Matches("It has .*vxlan", demo.Errors);
    }

    [NetnsFact]
    public async Task Demo_FailureWithJson_IsOneDocument()
    {
        using var demo = DemoProcess.Start("--backend", "pigeon", "--json");
        Assert.Equal(1, await demo.FinishAsync());
        JsonNode report = JsonNode.Parse(demo.Output)!;
        Assert.False((bool)report["ok"]!);
        Assert.Matches("It has .*vxlan", (string)Assert.Single(report["failures"]!.AsArray())!);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("101")]
    [InlineData("many")]
    public async Task Demo_HostsOutOfRange_SaysTheRange(string hosts)
    {
        using var demo = DemoProcess.Start("--hosts", hosts);
        Assert.Equal(1, await demo.FinishAsync());
        Assert.Contains("--hosts takes a number from 1 to 100.", demo.Errors, StringComparison.Ordinal);
    }
}
