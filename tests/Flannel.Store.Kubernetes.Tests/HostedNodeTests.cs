using System.Net;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Tests.Lab;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Store.Kubernetes.Tests;

/// <summary>A whole node whose store is Kubernetes, without a kernel.</summary>
public sealed class HostedNodeTests
{
    private readonly FakeBackend _backend = new("vxlan") { Data = KubeLab.Data(1) };
    private ExternalInterfaceOptions? _asked;
    private readonly InMemoryHostNetwork _host = new("192.168.205.10", "fd00:205::10");

    [Fact]
    public async Task Node_GetsReady_AndFollowsItsPeers()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        await UntilAsync(node, status => status.IsReady);

        Assert.Equal("10.244.1.0/24", node.Lease.Subnet.ToString());
        Assert.Equal("10.244.2.0-24", Assert.Single(node.Peers).Lease.Key.ToString());
        Assert.Equal(KubeLab.Data(1), lab.Annotation(1, "backend-data"));
        await lab.Api.UntilAsync(requests => requests.Any(request => request.Body.Contains("FlannelIsUp", StringComparison.Ordinal)));
        await node.StopAsync();
        Assert.Equal("true", lab.Annotation(1, "kube-subnet-manager"));
    }

    [Theory]
    [InlineData("public-ip-overwrite", "")]
    [InlineData("public-ip-overwrite", "203.0.113.7")] // behind NAT
    [InlineData("public-ip", "192.168.205.99")] // of the host before it got another one
    public async Task Node_OffersItsBackendWhatWasPublished_WhateverItsAddress(string annotation, string address)
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: true, cidr: "", ("backend-data", KubeLab.Data(77)), (annotation, address));
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        await UntilAsync(node, status => status.IsReady);

        Assert.Equal(KubeLab.Data(77), _backend.Networks[0].Context.PreviousAttributes!.BackendData);
    }

    [Fact]
    public async Task Node_WithoutAPodCidr_SaysSo_AndGoesOnWhenItComes()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: null);
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        FlannelNodeStatus waiting = await UntilAsync(node, status => status.Reason.Contains("podCIDR", StringComparison.Ordinal));
        Assert.Equal(FlannelNodeState.Starting, waiting.State);
        Assert.Contains("host1 has no podCIDR yet", waiting.Reason, StringComparison.Ordinal);
        lab.PutNode(1, managed: false);

        await UntilAsync(node, status => status.IsReady);
    }

    [Fact]
    public async Task Node_WithoutAPodCidrThatTheConfigurationAsksFor_FollowsTheCorrectedOne()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.WriteConfig("""{"Network":"10.244.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:244::/48","Backend":{"Type":"vxlan"}}""");
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        FlannelNodeStatus waiting = await UntilAsync(node, status => status.Reason.Contains("podCIDR", StringComparison.Ordinal));
        Assert.Equal(FlannelNodeState.Starting, waiting.State);
        lab.WriteConfig("""{"Network":"10.244.0.0/16","EnableIPv6":false,"Backend":{"Type":"vxlan"}}""");

        FlannelNodeStatus ready = await UntilAsync(node, status => status.IsReady);
        Assert.Equal("10.244.1.0-24", ready.Lease!.Key.ToString());
    }

    [Fact]
    public async Task Node_WithTheRouteToANodeThatIsGone_Starts_WhateverTheMaskOfNodes()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "10.244.4.0/22");
        _host.Prefixes = [new HostPrefix(IPNetwork.Parse("10.244.8.0/22"), "eth0", IsAddress: false, IPAddress.Parse("192.168.205.12"))];
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        await UntilAsync(node, status => status.IsReady);
    }

    [Fact]
    public async Task Node_WithAnotherCidr_TakesItAtOnce()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);
        await UntilAsync(node, status => status.IsReady);

        lab.Api.Nodes.Delete("host1");
        await UntilAsync(node, status => !status.IsReady);
        lab.PutNode(1, managed: false, cidr: "10.244.55.0/24");

        FlannelNodeStatus moved = await UntilAsync(node, status => status.IsReady && status.Lease?.Subnet.ToString() == "10.244.55.0/24");
        Assert.Single(moved.Peers);
        Assert.Equal(2, _backend.Networks.Count);
        Assert.Equal("true", lab.Annotation(1, "kube-subnet-manager"));
    }

    [Fact]
    public async Task Node_ThatIsDeleted_IsNotReady_UntilItIsBack()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);
        await UntilAsync(node, status => status.IsReady);

        lab.Api.Nodes.Delete("host1");
        FlannelNodeStatus lost = await UntilAsync(node, status => !status.IsReady);
        Assert.Contains("Node host1 was deleted", lost.Reason, StringComparison.Ordinal);
        Assert.Single(lost.Peers);
        lab.PutNode(1, managed: false);

        await UntilAsync(node, status => status.IsReady);
        Assert.Single(_backend.Networks); // nothing was touched
    }

    [Fact]
    public async Task NetworkThatDoesNotHoldTheCidr_IsFailed_AndCuredByTheFile()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.WriteConfig("""{"Network":"10.99.0.0/16","Backend":{"Type":"vxlan"}}""");
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        FlannelNodeStatus failed = await UntilAsync(node, status => status.State == FlannelNodeState.Failed);
        Assert.IsType<NetworkConfigException>(failed.Error);
        Assert.Null(lab.Annotation(1, "public-ip"));
        lab.WriteConfig("""{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}""");

        await UntilAsync(node, status => status.IsReady);
    }

    [Fact]
    public async Task NodeThatNobodyKnows_AndAServerThatIsAway_AreWaitedFor()
    {
        await using KubeLab lab = await KubeLab.StartAsync(2);
        await lab.Api.StopAsync();
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        FlannelNodeStatus away = await UntilAsync(node, status => status.Error is StoreException);
        Assert.Equal(FlannelNodeState.Starting, away.State);
        Assert.Contains("cannot be reached", away.Reason, StringComparison.Ordinal);
        await lab.Api.RestartAsync();
        FlannelNodeStatus unknown = await UntilAsync(node, status => status.Reason.Contains("no Node \"host1\"", StringComparison.Ordinal));
        Assert.Equal(FlannelNodeState.Starting, unknown.State);
        lab.PutNode(1, managed: false);

        await UntilAsync(node, status => status.IsReady);
    }

    [Fact]
    public async Task ServerThatGoesAway_LeavesTheNodeReady()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);
        await UntilAsync(node, status => status.IsReady);

        await lab.Api.StopAsync();
        FlannelNodeStatus away = await UntilAsync(node, status => status.State == FlannelNodeState.Degraded);
        Assert.True(away.IsReady);
        Assert.Single(away.Peers);
        await lab.Api.RestartAsync();

        await UntilAsync(node, status => status.State == FlannelNodeState.Ready);
        Assert.Single(_backend.Networks);
    }

    [Fact]
    public async Task NodePublicIp_ChoosesTheAddress()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "", ("node-public-ip", "192.168.205.10"));
        await using ServiceProvider services = Services(lab);
        IFlannelNode node = await StartAsync(services);

        await UntilAsync(node, status => status.IsReady);

        Assert.Equal("192.168.205.10", _asked!.PublicIP);
    }

    [Fact]
    public async Task Remove_TakesTheAnnotationsAway()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using ServiceProvider services = Services(lab, options => options.StopMode = StopMode.Remove);
        IFlannelNode node = await StartAsync(services);
        await UntilAsync(node, status => status.IsReady);

        await node.StopAsync();

        Assert.Null(lab.Annotation(1, "kube-subnet-manager"));
    }

    private ServiceProvider Services(KubeLab lab, Action<FlannelOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IHostNetwork>(new AskedHostNetwork(_host, asked => _asked = asked));
        services.AddFlannel(configure)
            .UseKubernetes(options =>
            {
                options.ApiServer = lab.Options.ApiServer;
                options.NodeName = lab.Options.NodeName;
                options.ConfigFile = lab.Options.ConfigFile;
            })
            .UseBackend((_, _) => _backend);
        return services.BuildServiceProvider();
    }

    private static async Task<IFlannelNode> StartAsync(ServiceProvider services)
    {
        IFlannelNode node = services.GetRequiredService<IFlannelNode>();
        await node.StartAsync();
        return node;
    }

    private static async Task<FlannelNodeStatus> UntilAsync(IFlannelNode node, Func<FlannelNodeStatus, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        FlannelNodeStatus? last = null;
        try
        {
            await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
            {
                last = status;
                if (condition(status))
                    return status;
            }
        }
        catch (OperationCanceledException)
        {
            // Said below.
        }

        throw new TimeoutException($"The node is {last?.State}: {last?.Reason}");
    }

    /// <summary>Tells by what the interface is chosen.</summary>
    private sealed class AskedHostNetwork(IHostNetwork host, Action<ExternalInterfaceOptions> tell) : IHostNetwork
    {
        public Task CheckAccessAsync(string? networkNamespace, CancellationToken cancellationToken) =>
            host.CheckAccessAsync(networkNamespace, cancellationToken);

        public Task<ExternalInterface> FindExternalInterfaceAsync(
            string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, CancellationToken cancellationToken)
        {
            tell(options);
            return host.FindExternalInterfaceAsync(networkNamespace, options, config, cancellationToken);
        }

        public Task<ExternalInterface> WaitForOtherExternalInterfaceAsync(
            string? networkNamespace, ExternalInterfaceOptions options, NetworkConfig config, ExternalInterface current,
            CancellationToken cancellationToken) =>
            host.WaitForOtherExternalInterfaceAsync(networkNamespace, options, config, current, cancellationToken);

        public Task<ForwardingStatus> CheckForwardingAsync(
            string? networkNamespace, NetworkConfig config, bool enable, CancellationToken cancellationToken) =>
            host.CheckForwardingAsync(networkNamespace, config, enable, cancellationToken);

        public Task<IReadOnlyList<HostPrefix>> GetPrefixesAsync(string? networkNamespace, CancellationToken cancellationToken) =>
            host.GetPrefixesAsync(networkNamespace, cancellationToken);
    }
}
