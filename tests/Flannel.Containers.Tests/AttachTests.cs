using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Flannel.Containers.Attachments;
using Flannel.Containers.Tests.Kernel;
using Flannel.Extensibility;
using Flannel.Lab.Pinging;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Xunit.Abstractions;

namespace Flannel.Containers.Tests;

public sealed class AttachTests(ITestOutputHelper output)
{
    [SkippableTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task Attached_ReachesGatewayAndNeighbour(ContainerMode mode)
    {
        await using var host = new Host(mode);
        ContainerAttachment one = host.NewAttachment("one"), two = host.NewAttachment("two");

        AttachedContainer first = await host.Network.AttachAsync(one);
        AttachedContainer second = await host.Network.AttachAsync(two);

        Assert.Equal(["10.244.7.2", "fd00:244:7::2"], first.Addresses.Select(address => address.ToString()));
        Assert.Equal(["10.244.7.3", "fd00:244:7::3"], second.Addresses.Select(address => address.ToString()));
        foreach (IPAddress target in first.Gateways.Concat(second.Addresses))
        {
            PingReport report = await Pinger.PingAsync(one.Namespace!, target);
            Assert.True(report.Received > 0, $"{target}: {report}");
        }

        foreach (IPAddress target in first.Addresses)
            Assert.True((await Pinger.PingAsync(host.Namespace, target)).Received > 0, $"{target} from the host");
        Assert.Equal("all is well", (await host.Network.CheckAsync(one)).ToString());
        Assert.Equal(mode == ContainerMode.Bridge ? 24 : 32, first.Result.Addresses[0].PrefixLength);
        Assert.Equal(2, first.Result.Routes.Count);
        Assert.Equal(1450, second.Mtu);
        Assert.All(await host.Network.ListAsync(), listing => Assert.Equal(ContainerState.Attached, listing.State));

        await host.Network.DetachAsync("one");
        await host.Network.DetachAsync("two");
        await host.Network.DetachAsync("two");
        host.AssertClean();
    }

    [SkippableFact]
    public async Task AttachedAgain_WithTheSame_IsTheSame_WithOtherDataRefused()
    {
        await using var host = new Host();
        ContainerAttachment one = host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] };
        AttachedContainer first = await host.Network.AttachAsync(one);
        await host.RestartAsync();

        AttachedContainer again = await host.Network.AttachAsync(one);

        Assert.Equal(first.Result, again.Result);
        Assert.Equal(first.Addresses, again.Addresses);
        var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(() => host.Network.AttachAsync(one with { PortMappings = [] }));
        Assert.Equal(ContainerNetworkError.AttachedOtherwise, refusal.Error);
        Assert.Single(host.Veths);
        await host.Network.DetachAsync("one");
        host.AssertClean();
    }

    [SkippableFact]
    public async Task AttachedTwiceAtOnce_IsAttachedOnce()
    {
        await using var host = new Host();
        ContainerAttachment one = host.NewAttachment("one");

        AttachedContainer[] all = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => host.Network.AttachAsync(one)));

        Assert.Single(all.Select(attached => attached.Addresses[0]).Distinct());
        Assert.Single(host.Veths);
    }

    public static TheoryData<int, ContainerMode> Steps()
    {
        var steps = new TheoryData<int, ContainerMode>();
        foreach (Step step in Enum.GetValues<Step>().Where(step => step <= Step.Finished))
        {
            steps.Add((int)step, ContainerMode.Bridge);
            steps.Add((int)step, ContainerMode.Routed);
        }

        return steps;
    }

    [SkippableTheory]
    [MemberData(nameof(Steps))]
    public async Task Attach_KilledBehindAStep_IsCompletedByTheNext(int step, ContainerMode mode)
    {
        await using var host = new Host(mode);
        ContainerAttachment one = host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] };
        await KillAsync(host, step, one);

        AttachedContainer attached = await host.Network.AttachAsync(one);

        Assert.Equal("10.244.7.2", attached.Addresses[0].ToString());
        Assert.Equal(["10.244.7.2", "fd00:244:7::2"], host.AddressFiles);
        Assert.Equal(2, host.MappedPorts);
        Assert.Equal("all is well", (await host.Network.CheckAsync(one)).ToString());
        await host.Network.DetachAsync("one");
        host.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Steps))]
    public async Task Attach_KilledBehindAStep_LeavesNothingBehindACollection(int step, ContainerMode mode)
    {
        await using var host = new Host(mode);
        await KillAsync(host, step, host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] });

        await host.Network.CollectGarbageAsync(["another"]);

        host.AssertClean();
    }

    [SkippableTheory]
    [MemberData(nameof(Steps))]
    public async Task Attach_RefusedBehindAStep_LeavesNothing(int step, ContainerMode mode)
    {
        await using var host = new Host(mode);
        host.Network.Reached = reached => _ = (int)reached == step
            ? throw new ContainerNetworkException(ContainerNetworkError.Kernel, "refused")
            : true;

        await Assert.ThrowsAsync<ContainerNetworkException>(
            () => host.Network.AttachAsync(host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] }));

        host.AssertClean();
    }

    [SkippableTheory]
    [InlineData((int)Step.PortsUnmapped)]
    [InlineData((int)Step.DeviceDeleted)]
    [InlineData((int)Step.AddressesReleased)]
    public async Task Detach_KilledBehindAStep_IsCompletedByTheNext(int step)
    {
        await using var host = new Host();
        await host.Network.AttachAsync(host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] });
        host.Network.Reached = reached => _ = (int)reached == step ? throw new InvalidOperationException("killed") : true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Network.DetachAsync("one"));
        await host.RestartAsync();

        await host.Network.DetachAsync("one");

        host.AssertClean();
    }

    [SkippableFact]
    public async Task CollectGarbage_TakesTheDeadAndLeavesTheLiving()
    {
        await using var host = new Host();
        await host.Network.AttachAsync(host.NewAttachment("living"));
        for (int i = 0; i < 5; i++)
        {
            await host.Network.AttachAsync(
                host.NewAttachment($"dead-{i}") with { PortMappings = [new PortMapping(8000 + i, 80)] });
        }

        ContainerAttachment ended = host.NewAttachment("ended");
        await host.Network.AttachAsync(ended);
        ended.Namespace!.Dispose();
        Assert.True(SpinWait.SpinUntil(() => host.Veths.Length == 6, TimeSpan.FromSeconds(20)), "the kernel removes the namespace with its devices");
        Assert.Equal(ContainerState.NoDevice, (await host.Network.ListAsync()).Single(listing => listing.ContainerId == "ended").State);

        IReadOnlyList<ContainerListing> collected = await host.Network.CollectGarbageAsync(["living"]);

        Assert.Equal(6, collected.Count);
        Assert.Equal("living", Assert.Single(await host.Network.ListAsync()).ContainerId);
        Assert.Single(host.Veths);
        Assert.Equal(0, host.MappedPorts);
        Assert.Equal(2, host.AddressFiles.Length);
    }

    [SkippableTheory]
    [InlineData(ContainerMode.Bridge)]
    [InlineData(ContainerMode.Routed)]
    public async Task MappedPort_LeadsToTheContainer_FromHostLocalhostNeighbourAndItself(ContainerMode mode)
    {
        await using var host = new Host(mode, dualStack: false);
        ContainerAttachment server = host.NewAttachment("server") with
        {
            PortMappings = [new PortMapping(8080, 80), new PortMapping(8081, 80) { HostAddress = IPAddress.Parse("10.244.7.1") }],
        };
        ContainerAttachment client = host.NewAttachment("client");
        await host.Network.AttachAsync(server);
        await host.Network.AttachAsync(client);
        using Socket listener = server.Namespace!.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Any, 80));
        listener.Listen();
        IPAddress gateway = IPAddress.Parse("10.244.7.1");

        await ConnectAsync(host.Namespace, listener, new IPEndPoint(gateway, 8080));
        await ConnectAsync(host.Namespace, listener, new IPEndPoint(IPAddress.Loopback, 8080));
        await ConnectAsync(client.Namespace!, listener, new IPEndPoint(gateway, 8080));
        await ConnectAsync(client.Namespace!, listener, new IPEndPoint(gateway, 8081));
        await ConnectAsync(server.Namespace!, listener, new IPEndPoint(gateway, 8080));
        var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(
            () => host.Network.AttachAsync(host.NewAttachment("other") with { PortMappings = [new PortMapping(8080, 81)] }));
        Assert.Equal(ContainerNetworkError.PortTaken, refusal.Error);
        Assert.Contains("10.244.7.2", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(2, host.Veths.Length);
        Assert.Equal(2, host.AddressFiles.Length);
    }

    [SkippableFact]
    public async Task Check_SaysWhatIsWrong()
    {
        await using var host = new Host();
        ContainerAttachment one = host.NewAttachment("one") with { PortMappings = [new PortMapping(8080, 80)] };
        AttachedContainer attached = await host.Network.AttachAsync(one);
        using RouteNetlink inside = one.Namespace!.Run(() => RouteNetlink.Open());
        Link eth0 = inside.FindLink("eth0")!;
        inside.ChangeLink(eth0.Index, new LinkChange { Mtu = 1300 });
        inside.DeleteAddress(new InterfaceAddress { LinkIndex = eth0.Index, Address = attached.Addresses[0], PrefixLength = 24 });
        host.Netlink.ChangeLink(host.Veths[0].Index, new LinkChange { MasterIndex = 0 });
        var batch = new NftablesBatch();
        batch.DeleteTable(NftFamily.IPv4, "flannel-ports-net");
        host.Nftables.Execute(batch);

        string found = (await host.Network.CheckAsync(one)).ToString();

        output.WriteLine(found);
        Assert.Contains("has an MTU of 1300, not 1450", found, StringComparison.Ordinal);
        Assert.Contains("lost its address 10.244.7.2", found, StringComparison.Ordinal);
        Assert.Contains("is in no bridge", found, StringComparison.Ordinal);
        Assert.Contains("8080/Tcp to 80 of 10.244.7.2 is not mapped", found, StringComparison.Ordinal);
        Assert.Contains("lost its route to 0.0.0.0/0", found, StringComparison.Ordinal);
        await host.Network.DetachAsync("one");
        Assert.Contains("no address is reserved", (await host.Network.CheckAsync(one)).ToString(), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task BadInput_IsRefusedInTypedWords_AndLeavesNothing()
    {
        await using var host = new Host(dualStack: false);
        await RefusedAsync(ContainerNetworkError.NamespaceGone, new ContainerAttachment("one") { NamespacePath = "/run/netns/does-not-exist" });
        await RefusedAsync(ContainerNetworkError.NamespaceGone, new ContainerAttachment("one") { ProcessId = int.MaxValue });
        await RefusedAsync(ContainerNetworkError.Invalid, host.NewAttachment("../one"));
        await RefusedAsync(ContainerNetworkError.Invalid, host.NewAttachment("one") with { InterfaceName = "a/b" });
        await RefusedAsync(ContainerNetworkError.Invalid, host.NewAttachment("one") with { PortMappings = [new PortMapping(0, 80)] });
        await RefusedAsync(ContainerNetworkError.AddressOutside, host.NewAttachment("one") with { Addresses = [IPAddress.Parse("10.9.9.9")] });
        await RefusedAsync(ContainerNetworkError.AddressOutside, host.NewAttachment("one") with { Addresses = [IPAddress.Parse("10.244.7.1")] });
        await RefusedAsync(ContainerNetworkError.AddressOutside, host.NewAttachment("one") with { Addresses = [IPAddress.Parse("10.244.7.255")] });
        ContainerAttachment taken = host.NewAttachment("one");
        using (RouteNetlink inside = taken.Namespace!.Run(() => RouteNetlink.Open())) inside.CreateLink(new BridgeLinkSpec("eth0"));
        await RefusedAsync(ContainerNetworkError.NameTaken, taken);
        host.AssertClean();
        await host.Network.AttachAsync(host.NewAttachment("two") with { Addresses = [IPAddress.Parse("10.244.7.9")] });
        await RefusedAsync(ContainerNetworkError.AddressTaken, host.NewAttachment("one") with { Addresses = [IPAddress.Parse("10.244.7.9")] });
        Assert.Equal(["10.244.7.9"], host.AddressFiles);

        async Task RefusedAsync(ContainerNetworkError error, ContainerAttachment attachment) =>
            Assert.Equal(error, (await Assert.ThrowsAsync<ContainerNetworkException>(() => host.Network.AttachAsync(attachment))).Error);
    }

    [SkippableFact]
    public async Task BridgeWithAForeignAddress_IsRefused_UnlessForced()
    {
        await using var host = new Host(dualStack: false);
        Link bridge = host.Netlink.CreateLink(new BridgeLinkSpec("cni0"));
        host.Netlink.AddAddress(new InterfaceAddress { LinkIndex = bridge.Index, Address = IPAddress.Parse("10.99.0.1"), PrefixLength = 24 });

        var refusal = await Assert.ThrowsAsync<ContainerNetworkException>(() => host.Network.AttachAsync(host.NewAttachment("one")));

        Assert.Equal(ContainerNetworkError.BridgeForeign, refusal.Error);
        host.AssertClean();
        host.Options.ForceAddress = true;
        await host.Network.AttachAsync(host.NewAttachment("one"));
        Assert.Equal(
            ["10.244.7.1"], host.Netlink.GetAddresses(AddressFamily.InterNetwork, bridge.Index).Select(address => address.Address.ToString()));
    }

    [SkippableFact]
    public async Task IPv6SwitchedOffInTheContainer_IsSwitchedOnForItsInterface()
    {
        await using var host = new Host();
        ContainerAttachment one = host.NewAttachment("one");
        one.Namespace!.Run(() => NetworkSysctl.Write("ipv6/conf/default/disable_ipv6", "1"));

        AttachedContainer attached = await host.Network.AttachAsync(one);

        Assert.True((await Pinger.PingAsync(one.Namespace, attached.Gateways[1])).Received > 0);
    }

    [SkippableFact]
    public async Task AddressAndMac_AreThoseAskedFor_AndNeighboursLearnOfANewMac()
    {
        await using var host = new Host(dualStack: false);
        ContainerAttachment watcher = host.NewAttachment("watcher");
        await host.Network.AttachAsync(watcher);
        foreach (string mac in new[] { "02-00-00-00-00-11", "02-00-00-00-00-22" })
        {
            ContainerAttachment one = host.NewAttachment("one") with
            {
                Addresses = [IPAddress.Parse("10.244.7.77")],
                Mac = PhysicalAddress.Parse(mac),
            };
            AttachedContainer attached = await host.Network.AttachAsync(one);
            Assert.Equal(PhysicalAddress.Parse(mac), attached.Mac);
            await AwaitPingAsync(watcher.Namespace!, attached.Addresses[0]);
            await host.Network.DetachAsync("one");
        }
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Measure(bool withPort)
    {
        await using var host = new Host(
            dualStack: false, configure: options => options.StateDirectory = Directory.CreateTempSubdirectory("flannel-measure-").FullName);
        ContainerAttachment[] all = [.. Enumerable.Range(0, 250)
            .Select(i => host.NewAttachment($"c{i}") with { PortMappings = withPort ? [new PortMapping(10000 + i, 80)] : [] })];
        List<double> times = [];
        Dictionary<Step, List<double>> steps = [];
        long last = 0;
        host.Network.Reached = step =>
        {
            if (!steps.TryGetValue(step, out List<double>? spent)) steps[step] = spent = [];
            lock (spent) spent.Add(Stopwatch.GetElapsedTime(last).TotalMilliseconds);
            last = Stopwatch.GetTimestamp();
        };
        foreach (ContainerAttachment one in all.Take(100))
        {
            long start = last = Stopwatch.GetTimestamp();
            await host.Network.AttachAsync(one);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        times = [.. times.Skip(10).Order()];
        host.Network.Reached = null;
        foreach ((Step step, List<double> spent) in steps) output.WriteLine($"{step}: p50 {spent.Order().ElementAt(spent.Count / 2):0.000} ms");
        List<double> down = [];
        foreach (ContainerAttachment one in all.Take(20))
        {
            long start = Stopwatch.GetTimestamp();
            await host.Network.DetachAsync(one.ContainerId);
            down.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        await Task.WhenAll(all.Skip(20).Take(80).Select(one => host.Network.DetachAsync(one.ContainerId)));
        long begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(all.Select(one => host.Network.AttachAsync(one)));
        double attach = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(all.Select(one => host.Network.DetachAsync(one.ContainerId)));
        double detach = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        output.WriteLine(
            $"attach p50 {times[times.Count / 2]:0.00} ms, p99 {times[^1]:0.00} ms; detach p50 {down.Order().ElementAt(10):0.00} ms; 250 at once: " +
            $"attach {attach:0} ms, detach {detach:0} ms");
        Assert.True(attach < 60_000);
        host.AssertClean();
        Directory.Delete(host.Options.StateDirectory!, recursive: true);
    }

    private static async Task KillAsync(Host host, int step, ContainerAttachment attachment)
    {
        host.Network.Reached = reached => _ = (int)reached == step ? throw new InvalidOperationException("killed") : true;
        await Assert.ThrowsAsync<InvalidOperationException>(() => host.Network.AttachAsync(attachment));
        await host.RestartAsync();
    }

    private static async Task AwaitPingAsync(NetworkNamespace from, IPAddress to)
    {
        long start = Stopwatch.GetTimestamp();
        while ((await Pinger.PingAsync(from, to)).Received == 0)
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), $"{to} does not answer");
    }

    private static async Task ConnectAsync(NetworkNamespace from, Socket listener, IPEndPoint to)
    {
        using Socket client = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Task<Socket> accepting = listener.AcceptAsync(patience.Token).AsTask();
        await client.ConnectAsync(to, patience.Token);
        using Socket server = await accepting;
        await server.SendAsync(Encoding.UTF8.GetBytes("x"), patience.Token);
        Assert.Equal(1, await client.ReceiveAsync(new byte[4], patience.Token));
    }
}
