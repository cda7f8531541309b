using System.Net;
using System.Text.RegularExpressions;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Kubernetes;

/// <summary>Two hosts of a cluster with a real API server, the manifest of <c>deploy/kubernetes</c> and what its pods run.</summary>
public sealed partial class KubeOverlayTests
{
    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10) };

    [SkippableFact]
    public async Task TwoHosts_AsTheManifestStartsThem_AreConnected_AndLoseNothingWhileAgentsAndServerRestart()
    {
        await using KubeOverlay cluster = await KubeOverlay.StartAsync();
        LabContainer one = await cluster.AddAsync(0, "10.244.0.0/24");
        LabContainer other = await cluster.AddAsync(1, "10.244.1.0/24");
        await cluster.AssertPingsAsync(one, other);

        // Everything looks as with flannel.
        LabHost host = cluster.Lab.Hosts[0];
        Assert.Equal(
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.0.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
            await File.ReadAllTextAsync(cluster.SubnetFileOf(0)));
        string mac = await MacAsync(host, "flannel.1");
        Assert.Equal(
            new SortedDictionary<string, string>
            {
                ["backend-data"] = $$"""{"VNI":1,"VtepMAC":"{{mac}}"}""",
                ["backend-type"] = "vxlan",
                ["kube-subnet-manager"] = "true",
                ["public-ip"] = host.Address!.ToString(),
            },
            await cluster.AnnotationsAsync("host1"));
        await cluster.UntilAsync(async () => await cluster.NetworkUnavailableAsync("host1") == "False FlannelIsUp", "condition");
        Assert.Equal((HttpStatusCode.OK, "flanneld is ready"), await cluster.Agents[0]!.GetAsync(KubeOverlay.HealthPort, "/readyz"));

        // The agent ends and comes back, by signal and by force.
        await using ContinuousPing there = one.StartPinging(other.Address!, HundredPerSecond);
        await using ContinuousPing back = other.StartPinging(one.Address!, HundredPerSecond);
        await there.WaitForAnswersAsync(20);
        await cluster.RestartAsync(1, kills: true);
        await cluster.RestartAsync(1, kills: false);
        Assert.Equal(mac, await MacAsync(host, "flannel.1"));

        // The API server goes away. What was connected stays so, and says what is wrong.
        await cluster.Api.StopAsync();
        await cluster.UntilAsync(
            async () =>
                await cluster.Agents[0]!.GetAsync(KubeOverlay.HealthPort, "/readyz") is (HttpStatusCode.OK, ['f', .. var body])
                    && body.Contains(cluster.Api.Address.Authority, StringComparison.Ordinal),
            "word of the API server in /readyz");
        await there.WaitForAnswersAsync(100);
        await cluster.Api.RestartAsync();

        // The word of the trouble goes, and what happens from then on is noticed again. A hand-made Node is a peer like any other.
        foreach (FlanneldProcess? agent in cluster.Agents)
        {
            await cluster.UntilAsync(
                async () => await agent!.GetAsync(KubeOverlay.HealthPort, "/readyz") is (HttpStatusCode.OK, "flanneld is ready"),
                "recovery in /readyz");
        }

        await cluster.Api.CreateNodeAsync("vtep", "10.244.77.0/24");
        await cluster.Api.PatchNodeAsync(
            "vtep",
            """{"metadata":{"annotations":{"flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/backend-type":"vxlan","flannel.alpha.coreos.com/backend-data":"{\"VNI\":1,\"VtepMAC\":\"0a:00:00:00:00:77\"}","flannel.alpha.coreos.com/public-ip":"192.168.100.77"}}}""");
        foreach (LabHost each in new[] { host, cluster.Lab.Hosts[1] })
        {
            await cluster.UntilAsync(
                async () =>
                    (await each.ExecAsync("ip", "route")).Contains("10.244.77.0/24 via 10.244.77.0 dev flannel.1 onlink", StringComparison.Ordinal),
                "route");
        }

        await there.WaitForAnswersAsync(20);
        PingReport thereReport = await there.StopAsync();
        PingReport backReport = await back.StopAsync();
        Assert.True(thereReport.AllAnswered, $"{thereReport}\n{cluster}");
        Assert.True(backReport.AllAnswered, $"{backReport}\n{cluster}");

        // The manifest's role was enough for all of it. A server that has just started refuses everything until it has read its roles, so whatever
        // was refused is allowed when it is asked for again. The audit has a watch when it has ended.
        foreach (FlanneldProcess? agent in cluster.Agents)
            Assert.Equal(0, await agent!.StopAsync());
        Assert.Contains(cluster.Api.ReadAudit(), request => request.Verb == "patch");
        await cluster.UntilAsync(
            () => Task.FromResult(!RefusedForGood(cluster.Api.ReadAudit()).Any()),
            () => "later answer to what was refused: " +
                $"{string.Join(", ", RefusedForGood(cluster.Api.ReadAudit()))}\n{string.Join('\n', cluster.Api.ReadAudit())}");

        static IEnumerable<(int Code, string Verb, string Uri)> RefusedForGood(IReadOnlyList<(int Code, string Verb, string Uri)> requests) =>
            requests.Index()
                .Where(request => request.Item.Code is 401 or 403 && !requests.Skip(request.Index + 1).Any(
                    later => later.Code == 200 && later.Verb == request.Item.Verb && PathOf(later.Uri) == PathOf(request.Item.Uri)))
                .Select(static request => request.Item);

        static string PathOf(string uri) => uri.Split('?')[0];
    }

    [SkippableFact]
    public async Task DualStack_IsConnectedOverBothFamilies_AndReadsItsNodeFromThePod()
    {
        await using KubeOverlay cluster = await KubeOverlay.StartAsync();
        await File.WriteAllTextAsync(
            cluster.ConfigFile, """{"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:10:244::/56","Backend":{"Type":"vxlan"}}""");
        LabContainer one = await cluster.AddAsync(0, "10.244.0.0/24", "fd00:10:244::/64");
        LabContainer other = await cluster.AddAsync(1, "10.244.1.0/24", "fd00:10:244:1::/64");
        await cluster.AssertPingsAsync(one, other);

        Assert.Equal(
            "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.0.1/24\n" +
            "FLANNEL_IPV6_NETWORK=fd00:10:244::/56\nFLANNEL_IPV6_SUBNET=fd00:10:244::1/64\nFLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n",
            await File.ReadAllTextAsync(cluster.SubnetFileOf(0)));
        SortedDictionary<string, string> annotations = await cluster.AnnotationsAsync("host1");
        Assert.Equal(cluster.Lab.Hosts[0].AddressIPv6!.ToString(), annotations["public-ipv6"]);
        Assert.Equal($$"""{"VNI":1,"VtepMAC":"{{await MacAsync(cluster.Lab.Hosts[0], "flannel-v6.1")}}"}""", annotations["backend-v6-data"]);

        // Without NODE_NAME, as in flannel's own manifest, the pod is asked, and the role allows it.
        await cluster.Api.SendAsync(
            HttpMethod.Post, "/api/v1/namespaces/kube-flannel/pods",
            System.Text.Json.Nodes.JsonNode.Parse(
                """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"kube-flannel-ds-x"},"spec":{"nodeName":"host2","containers":[{"name":"a","image":"a"}]}}"""));
        await using ContinuousPing there = one.StartPinging(other.AddressIPv6!, HundredPerSecond);
        await there.WaitForAnswersAsync(20);
        Assert.Equal(0, await cluster.Agents[1]!.StopAsync());
        await cluster.Agents[1]!.DisposeAsync();
        await cluster.Launch(1, "POD_NAME=kube-flannel-ds-x", "POD_NAMESPACE=kube-flannel", "EVENT_QUEUE_DEPTH=5000").WaitForReadyAsync();
        await there.WaitForAnswersAsync(20);
        PingReport report = await there.StopAsync();
        Assert.True(report.AllAnswered, $"{report}\n{cluster}");
        Assert.Contains(cluster.Api.ReadAudit(), request => request is (200, "get", "/api/v1/namespaces/kube-flannel/pods/kube-flannel-ds-x"));
        Assert.DoesNotContain(cluster.Api.ReadAudit(), request => request.Code is 401 or 403);
    }

    /// <summary>Whatever is missing, /readyz and the log say it, and the agent goes on when it is there.</summary>
    [SkippableFact]
    public async Task WhatIsMissing_IsNamed_AndWaitedFor()
    {
        await using KubeOverlay cluster = await KubeOverlay.StartAsync(hosts: 1);
        const string Bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/flannel";
        await cluster.Api.SendAsync(HttpMethod.Delete, Bindings);
        await cluster.Api.StopAsync();
        FlanneldProcess agent = cluster.Launch(0);

        await AssertWaitsForAsync(cluster.Api.Address.Authority); // the API server is away
        Assert.Equal((HttpStatusCode.OK, "flanneld is running"), await agent.GetAsync(KubeOverlay.HealthPort, "/healthz"));
        await cluster.Api.RestartAsync();
        await AssertWaitsForAsync("nodes"); // no role: which verb of which resource
        await agent.WaitForOutputAsync("get");
        await Manifest.ApplyAsync(cluster.Api);
        await AssertWaitsForAsync("no Node \"host1\"");
        await cluster.Api.CreateNodeAsync("host1");
        await AssertWaitsForAsync("podCIDR");
        await cluster.Api.PatchNodeAsync("host1", """{"spec":{"podCIDR":"10.244.3.0/24","podCIDRs":["10.244.3.0/24"]}}""");
        await agent.WaitForReadyAsync();
        Assert.Contains("FLANNEL_SUBNET=10.244.3.1/24\n", await File.ReadAllTextAsync(cluster.SubnetFileOf(0)), StringComparison.Ordinal);
        Assert.Equal(0, await agent.StopAsync());

        async Task AssertWaitsForAsync(string what)
        {
            await agent.WaitForOutputAsync(what);
            await cluster.UntilAsync(
                async () => await agent.WaitForHealthAsync(KubeOverlay.HealthPort, "/readyz", HttpStatusCode.ServiceUnavailable) is var body
                    && body.StartsWith("flanneld is not ready yet\n", StringComparison.Ordinal) && body.Contains(what, StringComparison.Ordinal),
                $"{what} in /readyz");
        }
    }

    private static async Task<string> MacAsync(LabHost host, string device) =>
        EthernetAddress().Match(await host.ExecAsync("ip", "link", "show", device)).Groups[1].Value;

    [GeneratedRegex("link/ether ([0-9a-f:]{17}) ")]
    private static partial Regex EthernetAddress();
}
