using Flannel.Backends.Vxlan.Tests.Support;
using Flannel.Testing.Namespaces;
using Flannel.Testing.Pinging;

namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Packets cross the tunnel.</summary>
public sealed class TrafficTests
{
    [NetnsFact]
    public async Task TwoHosts_PingEachOther_ThroughTheTunnel()
    {
        await using VxlanCluster cluster = await VxlanCluster.StartAsync();
        ulong before = cluster.Nodes[0].Host.Counters("flannel.1").SentPackets;

        PingReport report = await cluster.Nodes[0].Host.PingAsync(cluster.Nodes[1].Address, new PingOptions { Count = 10 });

        Assert.True(report.AllAnswered, report.ToString());
        Assert.True(cluster.Nodes[0].Host.Counters("flannel.1").SentPackets >= before + 10);
    }
}
