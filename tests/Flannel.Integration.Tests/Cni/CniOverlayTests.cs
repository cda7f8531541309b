using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flannel.Cni;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Flanneld;
using Flannel.Integration.Tests.Kubernetes;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Cni;

/// <summary>
/// Containers of two hosts, attached by our plugin through our runner with the machine's plugins as delegates, over published agents.
/// </summary>
public sealed class CniOverlayTests
{
    [SkippableTheory]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""", 1)]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fc00:5::/48","Backend":{"Type":"vxlan"}}""", 2)]
    public async Task TwoHosts_PingEachOther(string config, int families)
    {
        CniHost.Require();
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], config);
        await using FlanneldProcess first = FlanneldProcess.Start(
            lab.Hosts[0], $"-etcd-endpoints={etcd.Members[0].Endpoint}", "-iface=eth0", "-ip-masq");
        await using FlanneldProcess second = FlanneldProcess.Start(
            lab.Hosts[1], $"-etcd-endpoints={etcd.Members[0].Endpoint}", "-iface=eth0", "-ip-masq");
        await first.WaitForReadyAsync();
        await second.WaitForReadyAsync();

        using var one = new CniHost(lab.Hosts[0], first.SubnetFile);
        using var other = new CniHost(lab.Hosts[1], second.SubnetFile);
        await AssertTheyAreConnectedAsync(one, other, families, () => $"{first}\n{second}");
    }

    [SkippableFact]
    public async Task TwoHosts_UnderKubernetes_PingEachOther()
    {
        CniHost.Require();
        await using KubeOverlay cluster = await KubeOverlay.StartAsync();
        for (int host = 0; host < 2; host++)
        {
            await cluster.Api.CreateNodeAsync(KubeOverlay.NodeOf(host), $"10.244.{host}.0/24");
            await cluster.Launch(host).WaitForReadyAsync();
        }

        using var one = new CniHost(cluster.Lab.Hosts[0], cluster.SubnetFileOf(0), "0.3.1");
        using var other = new CniHost(cluster.Lab.Hosts[1], cluster.SubnetFileOf(1), "0.3.1");
        await AssertTheyAreConnectedAsync(one, other, 1, cluster.ToString);
    }

    [SkippableFact]
    public async Task AgentAway_IsATypedErrorThatSaysSo_AndNothingIsLeft()
    {
        CniHost.Require();
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var host = new CniHost(lab.Hosts[0], "/nowhere/subnet.env");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => host.AttachAsync("c1"));

        Assert.Equal((CniErrorCode.TryAgainLater, "flannel"), (exception.Code, exception.Plugin));
        Assert.Contains("/nowhere/subnet.env", exception.Message, StringComparison.Ordinal);
        Assert.Null(exception.CleanUpFailure);
        Assert.DoesNotContain("cni0", await lab.Hosts[0].ExecAsync("ip", "link"), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task NamespaceGone_BeforeItsGarbageIsCollected_LeavesNothing()
    {
        CniHost.Require();
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        string file = Path.Combine(Directory.CreateTempSubdirectory("flannel-cni-").FullName, "subnet.env");
        await File.WriteAllTextAsync(file, "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
        try
        {
            using var host = new CniHost(lab.Hosts[0], file);
            (CniAttachment attachment, NetworkNamespace made, CniResult result) = await host.AttachAsync("c1");
            await host.AttachAsync("c2");
            Assert.Equal("10.5.52.2", result.Addresses[0].Address.ToString());
            await host.Runner.CheckAsync(host.List, attachment);

            File.Delete(attachment.NetworkNamespace);
            made.Dispose();
            await host.Runner.CollectGarbageAsync(host.List, [new CniAttachmentKey("c2", "eth0")]);

            Assert.Equal(["c2"], host.Runner.GetAttachments().Select(cached => cached.Attachment.ContainerId));
            Assert.False(File.Exists(Path.Combine(host.Root, "networks", "cbr0", "10.5.52.2")));
            await host.AssertNothingIsLeftAfterDetachingAsync();
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [SkippableFact]
    public async Task PortMapping_ReachesThePluginThatDeclaresIt_AndGoesWithTheContainer()
    {
        CniHost.Require();
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-cni-");
        string file = Path.Combine(folder.FullName, "subnet.env");
        await File.WriteAllTextAsync(file, "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
        try
        {
            using var host = new CniHost(lab.Hosts[0], file);
            await host.AttachAsync(
                "c1",
                new JsonObject
                {
                    ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = 8080, ["containerPort"] = 80, ["protocol"] = "tcp" }),
                });
            Assert.Contains("--to-destination 10.5.52.2:80", await lab.Hosts[0].ExecAsync("iptables", "-t", "nat", "-S"), StringComparison.Ordinal);

            await host.AssertNothingIsLeftAfterDetachingAsync();
            Assert.DoesNotContain("10.5.52.2", await lab.Hosts[0].ExecAsync("iptables", "-t", "nat", "-S"), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task AssertTheyAreConnectedAsync(CniHost one, CniHost other, int families, Func<string> describe)
    {
        (CniAttachment attachment, NetworkNamespace from, CniResult first) = await one.AttachAsync("c1");
        (_, NetworkNamespace neighbour, CniResult second) = await one.AttachAsync("c2");
        (_, NetworkNamespace to, CniResult third) = await other.AttachAsync("c1");

        Assert.All([first, second, third], result => Assert.Equal(families, result.Addresses.Count));
        Assert.Equal(families == 2, first.Addresses.Any(address => address.Address.AddressFamily == AddressFamily.InterNetworkV6));
        await CniHost.AssertPingsAsync(from, third, describe);
        await CniHost.AssertPingsAsync(to, first, describe);
        await CniHost.AssertPingsAsync(neighbour, third, describe);
        await CniHost.AssertPingsAsync(from, second, describe);
        if (CniVersions.IsAtLeast(one.List.CniVersion, "0.4.0")) await one.Runner.CheckAsync(one.List, attachment);

        await one.AssertNothingIsLeftAfterDetachingAsync();
        await other.AssertNothingIsLeftAfterDetachingAsync();
    }
}
