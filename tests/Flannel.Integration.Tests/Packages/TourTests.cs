using System.Net;
using System.Text.RegularExpressions;
using Flannel.Integration.Tests.Overlay;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Flannel.Lab.Processes;

namespace Flannel.Integration.Tests.Packages;

/// <summary>
/// One file outside the solution does what an orchestrator does: nodes over etcd, administration, an observer, a network at run time with a store and
/// a backend of its own, health; as a native program where one can be linked. And the first program that a reader writes runs as it is shown.
/// </summary>
[Collection(PackageFeed.Collection)]
public sealed partial class TourTests(PackageFeed feed)
{
    [NetnsFact]
    public async Task Tour_FromThePackagesAlone_DoesWhatAnOrchestratorDoes()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync();
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 3 });
        bool isNative = NativeProgram.Obstacle is null;
        using OutsideProgram program = await OutsideProgram.BuildAsync(feed, SourceOf("Tour"), "Flannel", isNative);
        await using OutsideProcess process = program.Start(isNative, [etcd.Endpoints[0], .. lab.Hosts.Select(static host => host.NamespaceName)]);

        Dictionary<string, string> subnets = [];
        foreach (LabHost _ in lab.Hosts)
        {
            Match host = HostLine().Match(await ReadAsync(process));
            Assert.True(host.Success, host.Value);
            subnets.Add(host.Groups[1].Value, host.Groups[2].Value);
        }

        Assert.Equal("observed 3 leases", await ReadAsync(process));
        Assert.Matches(@"^tenant: 10\.9\.\d+\.0/24, 4 networks, (Healthy|Degraded)$", await ReadAsync(process));
        Assert.Equal("3 networks, 0 leases of the tenant", await ReadAsync(process));
        foreach (LabHost host in lab.Hosts)
        {
            foreach (string subnet in subnets.Where(other => other.Key != host.NamespaceName).Select(static other => other.Value))
            {
                PingReport report = await host.PingAsync(IPNetwork.Parse(subnet).BaseAddress); // another host's flannel.7
                Assert.True(report.AllAnswered, report.ToString());
            }
        }

        Assert.Equal(0, await process.EndAsync());
        Assert.Equal("0 leases left", await ReadAsync(process));
        Assert.All(lab.Hosts, static host => Assert.Null(host.Netlink.FindLink("flannel.7")));
    }

    [NetnsFact]
    public async Task GettingStarted_RunsAsItIsShown()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using OutsideProgram program = await OutsideProgram.BuildAsync(feed, SourceOf("GettingStarted"), "Flannel", isNative: false);
        await using OutsideProcess process = program.StartIn(lab.Hosts[0].NamespaceName);

        Assert.Matches(@"^10\.5\.\d+\.0/24 over eth0, MTU 1450$", await ReadAsync(process));
        Assert.Equal(0, await process.EndAsync());
        Assert.Null(lab.Hosts[0].Netlink.FindLink("flannel.1"));
    }

    private static string SourceOf(string program) => Repository.PathOf("tests", "Flannel.Integration.Tests", "Packages", program, "Program.cs");

    private static async Task<string> ReadAsync(OutsideProcess process) => await process.Output.ReadLineAsync().WaitAsync(OverlayCluster.Limit) ?? "";

    [GeneratedRegex(@"^(\S+): (10\.5\.\d+\.0/24)$")]
    private static partial Regex HostLine();
}
