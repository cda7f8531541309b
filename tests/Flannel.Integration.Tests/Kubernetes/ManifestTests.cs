using System.Text.Json.Nodes;
using Flannel.Lab.Kubernetes;

namespace Flannel.Integration.Tests.Kubernetes;

/// <summary>The manifest has the names and the configuration of flannel's, so that applying it swaps the image.</summary>
public sealed class ManifestTests
{
    private static JsonObject Pod => (JsonObject)Manifest.Find("DaemonSet")["spec"]!["template"]!["spec"]!;

    [Fact]
    public void Objects_HaveFlannelsNames() => Assert.Equal(
        [
            "Namespace /kube-flannel", "ServiceAccount kube-flannel/flannel", "ClusterRole /flannel", "ClusterRoleBinding /flannel",
            "ConfigMap kube-flannel/kube-flannel-cfg", "DaemonSet kube-flannel/kube-flannel-ds",
        ],
        Manifest.Objects.Select(item => $"{item["kind"]} {item["metadata"]!["namespace"]}/{item["metadata"]!["name"]}"));

    /// <summary>A DaemonSet's selector cannot be changed: with another one, applying would fail where flannel runs.</summary>
    [Fact]
    public void Selector_IsFlannels()
    {
        JsonNode spec = Manifest.Find("DaemonSet")["spec"]!;
        Assert.Equal("""{"app":"flannel","k8s-app":"flannel"}""", spec["selector"]!["matchLabels"]!.ToJsonString());
        Assert.Equal("""{"app":"flannel","k8s-app":"flannel","tier":"node"}""", spec["template"]!["metadata"]!["labels"]!.ToJsonString());
    }

    [Fact]
    public void NetworkConfiguration_IsFlannels_AndIsAccepted()
    {
        NetworkConfig config = NetworkConfig.Parse(Manifest.ConfigFile("net-conf.json"), "net-conf.json");

        Assert.Equal("10.244.0.0/16", config.Network.ToString());
        Assert.Equal("vxlan", config.BackendType);
    }

    [Fact]
    public void CniConfiguration_IsFlannels()
    {
        JsonNode conflist = JsonNode.Parse(Manifest.ConfigFile("cni-conf.json"))!;

        Assert.Equal(("cbr0", "0.3.1"), ((string?)conflist["name"], (string?)conflist["cniVersion"]));
        Assert.Equal("""{"type":"flannel","delegate":{"hairpinMode":true,"isDefaultGateway":true}}""", conflist["plugins"]![0]!.ToJsonString());
        Assert.Equal("""{"type":"portmap","capabilities":{"portMappings":true}}""", conflist["plugins"]![1]!.ToJsonString());
    }

    [Fact]
    public void Containers_AreNotPrivileged_AndHaveOnlyWhatTheyNeed()
    {
        JsonNode security = Manifest.Container["securityContext"]!;
        Assert.Equal("""["NET_ADMIN","NET_RAW"]""", security["capabilities"]!["add"]!.ToJsonString());
        Assert.All(
            Pod["initContainers"]!.AsArray().Concat(Pod["containers"]!.AsArray()).Where(container => (string?)container!["image"] == "flanneld"),
            container =>
            {
                JsonNode own = container!["securityContext"]!;
                Assert.Equal("""["ALL"]""", own["capabilities"]!["drop"]!.ToJsonString());
                Assert.False((bool)own["allowPrivilegeEscalation"]!);
                Assert.True((bool)own["readOnlyRootFilesystem"]!);
                Assert.False((bool?)own["privileged"] ?? false);
            });
    }

    [Fact]
    public void Probes_AskTheHealthServer()
    {
        JsonObject container = Manifest.Container;
        Assert.Contains($"--healthz-port={KubeOverlay.HealthPort}", Manifest.Arguments);
        Assert.Equal(KubeOverlay.HealthPort, (int)container["ports"]![0]!["containerPort"]!);
        Assert.Equal("""{"path":"/healthz","port":"healthz"}""", container["livenessProbe"]!["httpGet"]!.ToJsonString());
        Assert.Equal("""{"path":"/readyz","port":"healthz"}""", container["readinessProbe"]!["httpGet"]!.ToJsonString());
    }

    /// <summary>Each program that a container starts is one that the image has.</summary>
    [Fact]
    public void Commands_AreThoseOfFlannelsImage()
    {
        Assert.Equal("/opt/bin/flanneld", (string?)Manifest.Container["command"]![0]);
        JsonObject install = (JsonObject)Pod["initContainers"]!.AsArray().Single(container => (string?)container!["name"] == "install-cni")!;
        Assert.Equal("/opt/bin/install-conf", (string?)install["command"]![0]);
        JsonObject plugin = (JsonObject)Pod["initContainers"]!.AsArray().Single(container => (string?)container!["name"] == "install-cni-plugin")!;
        Assert.Equal(("flanneld", "/flannel"), ((string?)plugin["image"], (string?)plugin["command"]![0]));
        Assert.Equal("""["install","/opt/cni/bin/flannel"]""", plugin["args"]!.ToJsonString());
        Assert.Equal("""["/etc/kube-flannel/cni-conf.json","/etc/cni/net.d/10-flannel.conflist"]""", install["args"]!.ToJsonString());
    }

    [Fact]
    public void Images_AreNamedByTheKustomization()
    {
        JsonNode image = Manifest.Read(Path.Combine(Manifest.Folder, "kustomization.yaml")).Single()["images"]![0]!;
        Assert.Equal("flanneld", (string?)image["name"]);
    }

    [SkippableFact]
    public async Task RealApiServer_AcceptsAllObjects_AlsoASecondTime()
    {
        await using KubeApiServer api = await KubeApiServer.StartAsync();

        for (int round = 0; round < 2; round++)
        {
            IReadOnlyList<JsonObject> answers = await Manifest.ApplyAsync(api);
            Assert.Equal(Manifest.Objects.Select(item => (string?)item["kind"]), answers.Select(item => (string?)item["kind"]));
        }

        // What the schema does not know would be gone.
        JsonObject found = await api.SendAsync(HttpMethod.Get, Manifest.PathOf(Manifest.Find("DaemonSet")));
        JsonNode container = found["spec"]!["template"]!["spec"]!["containers"]![0]!;
        Assert.True(JsonNode.DeepEquals(Manifest.Container["securityContext"], container["securityContext"]));
        Assert.True(JsonNode.DeepEquals(Manifest.Container["env"]!.AsArray()[1]!["name"], container["env"]!.AsArray()[1]!["name"]));
    }
}
