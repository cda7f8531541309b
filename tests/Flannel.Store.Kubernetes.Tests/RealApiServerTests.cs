using System.Text;
using System.Text.Json.Nodes;
using Flannel.Extensibility;
using Flannel.Lab.Kubernetes;
using Flannel.Lab.Leases;
using Flannel.Lab.Logging;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Tests.Lab;

namespace Flannel.Store.Kubernetes.Tests;

/// <summary>Against a kube-apiserver, with flannel's role.</summary>
public sealed class RealApiServerTests : IAsyncLifetime
{
    private readonly List<IAsyncDisposable> _followers = [];
    private KubeApiServer? _api;

    public async Task InitializeAsync()
    {
        try
        {
            _api = await KubeApiServer.StartAsync();
        }
        catch (SkipException)
        {
            // Each test says so.
        }
    }

    public async Task DisposeAsync()
    {
        foreach (IAsyncDisposable follower in _followers)
            await follower.DisposeAsync();
        if (_api is not null)
            await _api.DisposeAsync();
    }

    [SkippableFact]
    public async Task WholeLife_IsWithinFlannelsRole()
    {
        KubeApiServer api = await ServerAsync();
        await api.CreateNodeAsync("host1");
        await api.CreateNodeAsync("host2", "10.244.2.0/24");
        string config = api.WriteKubeconfig("flannel", $"token: {await api.CreateTokenAsync()}");
        KubernetesSubnetManager manager = Manager(config);

        // No podCIDR yet.
        ISubnetView view = await manager.OpenAsync(CancellationToken.None);
        Task<ISubnetMembership> acquiring = view.AcquireAsync(Request(view), CancellationToken.None);
        await api.PatchNodeAsync("host1", """{"spec":{"podCIDR":"10.244.1.0/24","podCIDRs":["10.244.1.0/24"]}}""");
        LeaseFollower node = Follow(await acquiring.WaitAsync(TimeSpan.FromSeconds(60)));
        await node.UntilAsync<LeaseSnapshot>();
        JsonObject own = await UntilNodeAsync(api, "host1", found => Condition(found) == "False FlannelIsUp");
        Assert.Equal(KubeLab.Data(1), Annotation(own, "backend-data"));
        Assert.Equal("true", Annotation(own, "kube-subnet-manager"));

        // A peer comes, changes, goes.
        KubernetesSubnetManager other = Manager(config, "host2");
        ISubnetView otherView = await other.OpenAsync(CancellationToken.None);
        await otherView.AcquireAsync(Request(otherView, 2), CancellationToken.None);
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.2.0-24"));
        await api.PatchNodeAsync("host2", Change("public-ip", "192.168.205.77"));
        await node.UntilAsync(follower => follower.Peers["10.244.2.0-24"].Attributes.PublicIP!.ToString() == "192.168.205.77");
        await api.DeleteNodeAsync("host2");
        await node.UntilAsync(follower => follower.Peers.Count == 0);

        // Stripped, and made anew with another subnet.
        await api.PatchNodeAsync("host1", Change("backend-data", null));
        await UntilNodeAsync(api, "host1", found => Annotation(found, "backend-data") == KubeLab.Data(1));
        await api.DeleteNodeAsync("host1");
        await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Lost);
        await api.CreateNodeAsync("host1", "10.244.1.0/24");
        await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Reacquired);
        await api.DeleteNodeAsync("host1");
        await api.CreateNodeAsync("host1", "10.244.9.0/24");
        await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Moved);
        view = await manager.OpenAsync(CancellationToken.None);
        ISubnetMembership moved = await view.AcquireAsync(Request(view), CancellationToken.None);
        Assert.Equal("10.244.9.0-24", moved.Lease.Key.ToString());

        await manager.ReleaseAsync(moved.Lease, CancellationToken.None);
        Assert.Null(Annotation(await api.GetNodeAsync("host1"), "kube-subnet-manager"));
        Assert.DoesNotContain(api.ReadAudit(), request => request.Code is 401 or 403);
    }

    [SkippableFact]
    public async Task Restart_AndCompaction_LoseNothing()
    {
        KubeApiServer api = await ServerAsync();
        await api.CreateNodeAsync("host1", "10.244.1.0/24");
        await api.CreateNodeAsync("host2", "10.244.2.0/24");
        KubernetesSubnetManager manager = Manager(api.WriteKubeconfig("flannel", $"token: {await api.CreateTokenAsync()}"));
        ISubnetView view = await manager.OpenAsync(CancellationToken.None);
        LeaseFollower node = Follow(await view.AcquireAsync(Request(view), CancellationToken.None));
        await node.UntilAsync<LeaseSnapshot>();

        await api.StopAsync();
        await node.UntilAsync(follower => follower.StoreError is not null);
        await api.RestartAsync();
        await api.DeleteNodeAsync("host2");
        await api.CreateNodeAsync("host2", "10.244.22.0/24");
        await api.PatchNodeAsync("host2", Published(2));
        await node.UntilAsync(follower => follower.Peers.ContainsKey("10.244.22.0-24") && follower.StoreError is null);

        Assert.Single(node.Peers);
        Assert.Single(node.Seen.OfType<LeaseSnapshot>());
    }

    [SkippableFact]
    public async Task Token_IsRotated_AndRevokedOnesAreReplaced()
    {
        KubeApiServer api = await ServerAsync();
        await api.CreateNodeAsync("host1", "10.244.1.0/24");
        string token = Path.Combine(api.Folder, "flannel.token");
        await File.WriteAllTextAsync(token, await api.CreateTokenAsync());
        KubernetesSubnetManager manager = Manager(api.WriteKubeconfig("flannel", "tokenFile: flannel.token", "certificate-authority: ca.crt"));
        ISubnetView view = await manager.OpenAsync(CancellationToken.None);
        LeaseFollower node = Follow(await view.AcquireAsync(Request(view), CancellationToken.None));
        await node.UntilAsync<LeaseSnapshot>();

        await api.ReplaceAccountAsync();
        await File.WriteAllTextAsync(token, await api.CreateTokenAsync());
        await api.PatchNodeAsync("host1", Change("public-ip", null));

        await UntilNodeAsync(api, "host1", found => Annotation(found, "public-ip") == "192.168.205.10");
        await manager.ResetConnectionsAsync();
        await api.CreateNodeAsync("host2", "10.244.2.0/24");
        await api.PatchNodeAsync("host2", Published(2));
        await node.UntilAsync(follower => follower.Peers.Count == 1);
    }

    [SkippableFact]
    public async Task EveryFormOfKubeconfig_GetsIn()
    {
        KubeApiServer api = await ServerAsync();
        await api.CreateNodeAsync("host1", "10.244.1.0/24");
        string token = await api.CreateTokenAsync();
        (string certificate, string key) = api.FlannelCertificate();
        await File.WriteAllTextAsync(Path.Combine(api.Folder, "flannel.crt"), certificate);
        await File.WriteAllTextAsync(Path.Combine(api.Folder, "flannel.key"), key);
        string program = Path.Combine(api.Folder, "login");
        await File.WriteAllTextAsync(
            program,
            $"#!/bin/sh\necho " +
            $"'{{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"status\":{{\"token\":\"{token}\"}}}}'\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string[] configs =
        [
            api.WriteKubeconfig("token", $"token: {token}"),
            api.WriteKubeconfig("files", "client-certificate: flannel.crt\nclient-key: flannel.key", "certificate-authority: ca.crt"),
            api.WriteKubeconfig("data", $"client-certificate-data: {Base64(certificate)}\nclient-key-data: {Base64(key)}"),
            api.WriteKubeconfig("exec", "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./login}"),
            api.WriteKubeconfig("insecure", $"token: {token}", "insecure-skip-tls-verify: true"),
        ];

        foreach (string config in configs)
            Assert.NotEmpty((await Manager(config).OpenAsync(CancellationToken.None)).ReadConfig().BackendType);
        KubernetesApiException error = await Assert.ThrowsAsync<KubernetesApiException>(
            () => Manager(api.WriteKubeconfig("wrong", "token: x")).OpenAsync(CancellationToken.None));
        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, error.StatusCode);
    }

    private async Task<KubeApiServer> ServerAsync() => _api ??= await KubeApiServer.StartAsync();

    private LeaseFollower Follow(ISubnetMembership membership)
    {
        var follower = new LeaseFollower(membership);
        _followers.Add(follower);
        return follower;
    }

    private KubernetesSubnetManager Manager(string config, string node = "host1")
    {
        string file = Path.Combine(_api!.Folder, "net-conf.json");
        File.WriteAllText(file, """{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""");
        return new KubernetesSubnetManager(
            new KubernetesStoreOptions { KubeconfigFile = config, NodeName = node, ConfigFile = file },
            new KubernetesEnvironment(),
            () => new FlannelOptions(),
            TimeProvider.System,
            new Random(1),
            new RecordingLogger<KubernetesSubnetManager>(),
            new KubernetesMetrics(null, ""));
    }

    private static LeaseRequest Request(ISubnetView view, int host = 1) =>
        new() { Config = view.ReadConfig(), Attributes = KubeLab.Attributes(host) };

    private static string Change(string name, string? value) =>
        new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [$"{KubeLab.Prefix}/{name}"] = value } } }.ToJsonString();

    private static string Published(int host) => new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["annotations"] = new JsonObject
            {
                [$"{KubeLab.Prefix}/kube-subnet-manager"] = "true",
                [$"{KubeLab.Prefix}/backend-type"] = "vxlan",
                [$"{KubeLab.Prefix}/backend-data"] = KubeLab.Data(host),
                [$"{KubeLab.Prefix}/public-ip"] = $"192.168.205.{9 + host}",
            },
        },
    }.ToJsonString();

    private static async Task<JsonObject> UntilNodeAsync(KubeApiServer api, string name, Func<JsonObject, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            JsonObject node = await api.GetNodeAsync(name);
            if (condition(node))
                return node;
            await Task.Delay(50, limit.Token);
        }
    }

    private static string? Annotation(JsonObject node, string name) => (string?)node["metadata"]?["annotations"]?[$"{KubeLab.Prefix}/{name}"];

    private static string? Condition(JsonObject node) =>
        (node["status"]?["conditions"] as JsonArray)?.FirstOrDefault(entry => (string?)entry!["type"] == "NetworkUnavailable") is { } found
            ? $"{found["status"]} {found["reason"]}"
            : null;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
