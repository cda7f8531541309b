using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Leases;
using Flannel.Store.Kubernetes.Tests.Lab;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class OwnNodeTests
{
    [Fact]
    public async Task Acquire_PublishesFlannelsAnnotations_InOnePatchOfTheStatus()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);

        ISubnetMembership membership = await lab.AcquireAsync();

        Assert.Equal("10.244.1.0-24", membership.Lease.Key.ToString());
        Assert.Null(membership.Lease.Expiration);
        ApiRequestRecord patch = Assert.Single(lab.Api.Requests, request => request.IsPatch);
        Assert.Equal("/api/v1/nodes/host1/status", patch.Path);
        Assert.Equal("application/strategic-merge-patch+json", patch.Headers["Content-Type"]);
        Assert.Equal(
            """{"metadata":{"annotations":{"flannel.alpha.coreos.com/kube-subnet-manager":"true","flannel.alpha.coreos.com/backend-type":"vxlan","flannel.alpha.coreos.com/backend-data":"{\"VNI\":1,\"VtepMAC\":\"aa:bb:cc:00:00:01\"}","flannel.alpha.coreos.com/public-ip":"192.168.205.10"}}}""",
            patch.Body);
    }

    [Fact]
    public async Task Acquire_OfAPublishedNode_SendsNothing()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1);

        await lab.AcquireAsync();

        Assert.DoesNotContain(lab.Api.Requests, request => request.IsPatch);
    }

    [Fact]
    public async Task Condition_IsSet_AfterTheFirstPeersWereTold()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        await using IAsyncEnumerator<SubnetEvent> events = (await lab.AcquireAsync()).WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync());
        Assert.IsType<LeaseSnapshot>(events.Current);
        Assert.DoesNotContain(lab.Api.Requests, request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal));

        ValueTask<bool> next = events.MoveNextAsync();
        await lab.Api.UntilAsync(requests => requests.Any(request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal)));

        string body = lab.Api.Requests.Single(request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal)).Body;
        Assert.Matches(
            """^\{"status":\{"conditions":\[\{"type":"NetworkUnavailable","status":"False","reason":"FlannelIsUp","message":"Flannel is running on this node","lastTransitionTime":"[-0-9T:]+Z","lastHeartbeatTime":"[-0-9T:]+Z"\}\]\}\}$""",
            body);
        lab.PutNode(3);
        Assert.True(await next);
    }

    [Fact]
    public async Task Condition_IsLeftAlone_WhenSwitchedOff()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Options.SetNodeNetworkUnavailable = false;
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.PutNode(3);
        await node.UntilAsync(follower => follower.Peers.Count == 2);

        Assert.DoesNotContain(lab.Api.Requests, request => request.Body.Contains("NetworkUnavailable", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PodCidr_ThatComesLater_IsWaitedForOnAWatch()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: null);
        List<string> said = [];
        ISubnetView view = await lab.NewManager().OpenAsync(CancellationToken.None);
        LeaseRequest request = lab.Request(view.ReadConfig()) with { Progress = new Sayings(said) };

        Task<ISubnetMembership> acquiring = view.AcquireAsync(request, CancellationToken.None);
        await lab.Api.UntilAsync(requests => requests.Any(each => each.IsWatch));
        Assert.Contains("has no podCIDR yet", said[0], StringComparison.Ordinal);
        Assert.DoesNotContain(lab.Api.Requests, each => each.IsPatch);
        lab.PutNode(1, managed: false);
        ISubnetMembership membership = await acquiring.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal("10.244.1.0-24", membership.Lease.Key.ToString());
        Assert.Contains(lab.Api.Requests, each => each.IsWatch && each.Query.Contains("metadata.name%3Dhost1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PodCidr_OutsideTheNetwork_PublishesNothing()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "10.99.1.0/24");

        NetworkConfigException error = await Assert.ThrowsAsync<NetworkConfigException>(() => lab.JoinAsync());

        Assert.Contains("10.99.1.0/24", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"10.244.0.0/16\"", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(lab.Api.Requests, each => each.IsPatch);
    }

    [Fact]
    public async Task Annotations_ThatAreStripped_ArePutBack()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        lab.Annotate(1, ("backend-data", null), ("kube-subnet-manager", null));
        await lab.Api.UntilAsync(_ => lab.Annotation(1, "backend-data") is not null && lab.Annotation(1, "kube-subnet-manager") == "true");

        string body = lab.Api.Requests.Last(each => each.IsPatch && each.Body.Contains("annotations", StringComparison.Ordinal)).Body;
        Assert.DoesNotContain("public-ip", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SomebodyWhoWritesOthersAgainAndAgain_IsLeftAloneAndReported()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        using var stop = new CancellationTokenSource();
        Task other = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (lab.Annotation(1, "public-ip") != "192.168.205.99")
                    lab.Annotate(1, ("public-ip", "192.168.205.99"));
                await Task.Delay(5);
            }
        });

        OwnLeaseChanged lost = await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Taken);
        await stop.CancelAsync();
        await other;

        Assert.False(lost.Error!.IsTransient);
        Assert.Contains("public-ip is \"192.168.205.99\"", lost.Error.Message, StringComparison.Ordinal);
        Assert.Equal("192.168.205.99", lab.Annotation(1, "public-ip"));
        Assert.Equal(3, lab.Api.Requests.Count(each => each.IsPatch && each.Body.Contains("public-ip\"", StringComparison.Ordinal)) - 1);

        lab.Annotate(1, ("public-ip", "192.168.205.10"));
        await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Reacquired);
    }

    [Fact]
    public async Task SecondAgentOfOneNode_YieldsAtOnceAndBothSaySo()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower first = await lab.JoinAsync();
        await first.UntilAsync<LeaseSnapshot>();

        ISubnetView view = await lab.NewManager().OpenAsync(CancellationToken.None);
        LeaseRequest request = lab.Request(view.ReadConfig()) with { Attributes = KubeLab.Attributes(9) with { BackendData = KubeLab.Data(1) } };
        await using var second = new LeaseFollower(await view.AcquireAsync(request, CancellationToken.None));
        OwnLeaseChanged lost = await second.UntilAsync<OwnLeaseChanged>();
        OwnLeaseChanged kept = await first.UntilAsync<OwnLeaseChanged>();

        Assert.Equal((OwnLeaseState.Taken, OwnLeaseState.Contested), (lost.State, kept.State));
        Assert.Equal("192.168.205.10", Assert.IsType<DuplicatePublicAddressException>(lost.Error).Address.ToString());
        Assert.Contains("NODE_NAME", Assert.IsType<DuplicatePublicAddressException>(kept.Error).Message, StringComparison.Ordinal);
        Assert.Equal("192.168.205.10", lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task AgentOfANodeThatHadAnotherAddress_IsNoDuplicate()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Annotate(
            1, ("public-ip", "192.168.205.77"), ("backend-type", "vxlan"), ("backend-data", KubeLab.Data(1)), ("kube-subnet-manager", "true"));

        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.PutNode(3);
        await node.UntilAsync(static follower => follower.Peers.Count == 2);

        Assert.Empty(node.States);
        Assert.Equal("192.168.205.10", lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task Node_DeletedAndMadeAnew_IsPublishedAgain()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        lab.Api.Nodes.Delete("host1");
        OwnLeaseChanged lost = await node.UntilAsync<OwnLeaseChanged>();
        lab.PutNode(1, managed: false);
        OwnLeaseChanged again = await node.UntilAsync<OwnLeaseChanged>();

        Assert.Equal(OwnLeaseState.Lost, lost.State);
        Assert.True(lost.Error!.IsTransient);
        Assert.Equal(OwnLeaseState.Reacquired, again.State);
        Assert.Equal(KubeLab.Data(1), lab.Annotation(1, "backend-data"));
        await lab.Api.UntilAsync(
            _ => lab.Api.Nodes.Get("host1")!["status"]!["conditions"]!.ToJsonString().Contains("FlannelIsUp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Node_MadeAnewInAGap_IsPublishedAgain()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();

        await lab.Api.StopAsync();
        lab.Api.Nodes.Delete("host1");
        lab.PutNode(1, managed: false);
        lab.Api.Nodes.Forget();
        await lab.Api.RestartAsync();

        await lab.Api.UntilAsync(_ => lab.Annotation(1, "backend-data") is not null);
        await node.UntilAsync(follower => follower.StoreError is null && follower.States.Count > 0);
        Assert.Contains(node.States[^1], new[] { OwnLeaseState.Renewed, OwnLeaseState.Reacquired });
    }

    [Fact]
    public async Task Node_WithAnotherCidr_IsToBeAcquiredAgain()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        KubernetesSubnetManager manager = lab.NewManager();
        LeaseFollower node = await lab.JoinAsync(manager);
        await node.UntilAsync<LeaseSnapshot>();

        lab.Api.Nodes.Delete("host1");
        lab.PutNode(1, managed: false, cidr: "10.244.77.0/24");
        OwnLeaseChanged moved = await node.UntilAsync<OwnLeaseChanged>(change => change.State == OwnLeaseState.Moved);
        LeaseFollower again = await lab.JoinAsync(manager);

        Assert.Contains("10.244.77.0-24", moved.Error!.Message, StringComparison.Ordinal);
        Assert.Equal("10.244.77.0-24", again.Own.Key.ToString());
        Assert.Equal("true", lab.Annotation(1, "kube-subnet-manager"));
    }

    [Fact]
    public async Task Overwrite_IsPublished_AndFollowed()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "", ("public-ip-overwrite", "203.0.113.7"));
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        Assert.Equal("203.0.113.7", lab.Annotation(1, "public-ip"));
        Assert.Equal(IPAddress.Parse("203.0.113.7"), node.Own.Attributes.PublicIP);

        lab.Annotate(1, ("public-ip-overwrite", "203.0.113.8"));
        OwnLeaseChanged changed = await node.UntilAsync<OwnLeaseChanged>();

        Assert.Equal(OwnLeaseState.Renewed, changed.State);
        Assert.Equal("203.0.113.8", lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task Overwrite_OfNonsense_IsRefusedAtTheStart_AndPassedOverLater()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "", ("public-ip-overwrite", "10.1"));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => lab.JoinAsync());
        Assert.Contains("public-ip-overwrite is \"10.1\"", error.Message, StringComparison.Ordinal);

        lab.PutNode(1, managed: false);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.Annotate(1, ("public-ip-overwrite", "::1"));
        await lab.Logger.UntilAsync(() => lab.Logger.Lines.Any(line => line.Text.Contains("public-ip-overwrite", StringComparison.Ordinal)));
        Assert.Equal("192.168.205.10", lab.Annotation(1, "public-ip"));
    }

    [Theory]
    [InlineData("public-ip-overwrite", "127.0.0.1", "is a loopback address")]
    [InlineData("public-ip-overwrite", "0.0.0.0", "names no host")]
    [InlineData("public-ip-overwrite", "224.0.0.1", "is a multicast address")]
    [InlineData("public-ip-overwrite", "169.254.1.1", "is a link-local address")]
    [InlineData("public-ip-overwrite", "10.244.9.9", "is inside the overlay's network 10.244.0.0/16")]
    [InlineData("public-ipv6-overwrite", "::1", "is a loopback address")]
    public async Task Overwrite_ByWhichNobodyReachesAHost_IsRefusedAtTheStart_AndPassedOverLater(string annotation, string address, string reason)
    {
        string expected = $"{annotation} is {address}, which {reason}";
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1, managed: false, cidr: "", (annotation, address));
        StoreException error = await Assert.ThrowsAsync<StoreException>(() => lab.JoinAsync());
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);

        lab.PutNode(1, managed: false);
        LeaseFollower node = await lab.JoinAsync();
        await node.UntilAsync<LeaseSnapshot>();
        lab.Annotate(1, (annotation, address));
        await lab.Logger.UntilAsync(() => lab.Logger.Lines.Any(line => line.Text.Contains(expected, StringComparison.Ordinal)));
        Assert.Equal("192.168.205.10", lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task FindOwn_OffersWhatWasPublished()
    {
        await using KubeLab lab = await KubeLab.StartAsync();
        lab.PutNode(1);
        ISubnetView view = await lab.NewManager().OpenAsync(CancellationToken.None);

        Lease? own = view.FindOwn(lab.Request(view.ReadConfig(), new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.205.200") }));

        Assert.Equal(KubeLab.Data(1), own!.Attributes.BackendData);
        Assert.Equal("10.244.1.0-24", own.Key.ToString());
    }

    [Fact]
    public async Task Release_TakesTheAnnotationsAway()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        KubernetesSubnetManager manager = lab.NewManager();
        LeaseFollower node = await lab.JoinAsync(manager);
        await node.DisposeAsync(); // which would put back what is taken off

        await manager.ReleaseAsync(node.Own, CancellationToken.None);

        Assert.Null(lab.Annotation(1, "kube-subnet-manager"));
        Assert.Null(lab.Annotation(1, "public-ip"));
    }

    [Fact]
    public async Task NodeName_ThatIsUnknown_IsSaid()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1);
        lab.Options.NodeName = "nobody";

        StoreException error = await Assert.ThrowsAsync<StoreException>(() => lab.JoinAsync());

        Assert.True(error.IsTransient);
        Assert.Contains("no Node \"nobody\"", error.Message, StringComparison.Ordinal);
        Assert.Contains("NODE_NAME", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(lab.Api.Requests, each => each.IsList);
    }

    [Fact]
    public async Task NodeName_ComesFromTheEnvironment_ElseFromThePod()
    {
        await using KubeLab lab = await KubeLab.StartAsync(1, 2);
        lab.Options.NodeName = null;
        KubernetesAccessException missing = await Assert.ThrowsAsync<KubernetesAccessException>(() => lab.JoinAsync());
        Assert.Contains("NODE_NAME", missing.Message, StringComparison.Ordinal);

        lab.Environment = lab.Environment with { PodName = "kube-flannel-ds-x", PodNamespace = "kube-flannel" };
        lab.Api.PodNodes["kube-flannel/kube-flannel-ds-x"] = "host2";
        Assert.Equal("10.244.2.0-24", (await lab.JoinAsync()).Own.Key.ToString());

        lab.Environment = lab.Environment with { NodeName = "host1" };
        Assert.Equal("10.244.1.0-24", (await lab.JoinAsync()).Own.Key.ToString());
    }

    private sealed class Sayings(List<string> said) : IProgress<string>
    {
        public void Report(string value) => said.Add(value);
    }
}
