using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Backends;

namespace Flannel.Core.Tests.Hosting;

public class FlannelNodeTests
{
    [Fact]
    public async Task Start_EverythingThere_BecomesReadyWithLeaseMtuAndInterface()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        await fixture.ReadyAsync();

        Assert.Equal(FlannelNodeState.Ready, fixture.Node.Status.State);
        Assert.True(IPNetwork.Parse("10.5.0.0/16").Contains(fixture.Node.Lease.Subnet!.Value.BaseAddress));
        Assert.Equal(1450, fixture.Node.Mtu);
        Assert.Equal("eth0", fixture.Node.ExternalInterface.Name);
        Assert.Equal("10.5.77.0-24", Assert.Single(fixture.Node.Peers).Lease.Key.ToString());
        Assert.Equal(["start", "set 1"], fixture.Network.Calls);
    }

    [Fact]
    public async Task Properties_BeforeStart_SayWhatToAwait()
    {
        await using var fixture = new NodeFixture();
        var error = Assert.Throws<InvalidOperationException>(() => fixture.Node.Lease);
        Assert.Contains("WaitForReadyAsync", error.Message, StringComparison.Ordinal);
        Assert.Equal(FlannelNodeState.Stopped, fixture.Node.Status.State);
    }

    [Fact]
    public async Task Peers_ComeChangeAndGo_ReachTheBackendOnce()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        // The first subnet of a network is below its pool, so the node has not drawn it.
        fixture.AddPeer("10.5.0.0/24", "192.168.100.2");
        await fixture.UntilAsync(status => status.Peers.Count == 1);
        fixture.AddPeer("10.5.0.0/24", "192.168.100.3");
        await fixture.UntilAsync(status => status.Peers.Values.Any(peer => peer.Attributes.PublicIP!.ToString() == "192.168.100.3"));
        fixture.Memory.Delete("10.5.0.0-24");
        await fixture.UntilAsync(status => status.Peers.IsEmpty);
        Assert.Equal(["start", "set 0", "change 1", "change 1", "change 1"], fixture.Network.Calls);
    }

    [Fact]
    public async Task Start_UnknownBackend_FailsWithRegisteredNamesAndHealsWhenConfigIsMended()
    {
        await using var fixture = new NodeFixture(memory: new InMemoryLeaseStore(NodeFixture.With("vxlam")));
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<UnknownBackendException>(() => fixture.Node.WaitForReadyAsync());
        Assert.Equal("vxlam", error.Requested);
        Assert.Equal(["fake"], error.Registered);
        FlannelNodeStatus failed = await fixture.UntilAsync(static status => status.State == FlannelNodeState.Failed);
        Assert.Equal("vxlam", Assert.IsType<UnknownBackendException>(failed.Error).Requested); // of this attempt or the next one

        fixture.Memory.SetConfig(NodeFixture.ConfigJson);
        await fixture.UntilAsync(status => status.IsReady);
    }

    [Theory]
    [InlineData(null, "there is none")]
    [InlineData("{", "JSON")]
    [InlineData("""{"Network":"10.5.0.0/29","Backend":{"Type":"fake"}}""", "Network")]
    [InlineData("""{"Network":42,"Backend":{"Type":"fake"}}""", "42")]
    public async Task Start_UnusableConfig_FailsWithReason(string? config, string mentions)
    {
        await using var fixture = new NodeFixture(memory: new InMemoryLeaseStore(config));
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<NetworkConfigException>(() => fixture.Node.WaitForReadyAsync());
        Assert.NotEmpty(error.Problems);
        Assert.Contains(mentions, error.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(fixture.Backend.Networks);
    }

    [Fact]
    public async Task Start_NoCapability_FailsNamingIt()
    {
        await using var fixture = new NodeFixture();
        fixture.Host.AccessError = new MissingCapabilityException("CAP_NET_ADMIN", "programming the network");
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<MissingCapabilityException>(() => fixture.Node.WaitForReadyAsync());
        Assert.Contains("CAP_NET_ADMIN", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_PublicAddressThatPeersWouldRefuse_FailsAndHealsWhenThereIsAnother()
    {
        await using var fixture = new NodeFixture();
        ExternalInterface good = fixture.Host.External;
        fixture.Host.External = good with { PublicIP = IPAddress.Parse("169.254.7.1") };
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<ExternalInterfaceException>(() => fixture.Node.WaitForReadyAsync());
        Assert.Contains("169.254.7.1", error.Message, StringComparison.Ordinal);
        Assert.Contains("is a link-local address, so other hosts cannot reach this one by it", error.Message, StringComparison.Ordinal);
        Assert.Contains("-public-ip", error.Message, StringComparison.Ordinal);

        fixture.Host.External = good;
        await fixture.UntilAsync(status => status.IsReady);
    }

    [Theory]
    [InlineData("VXLAN ", "asks for the backend 'vxlan ' (Backend.Type)", "did you mean vxlan? The name ends with a blank")]
    [InlineData(" vxlan", "' vxlan'", "did you mean vxlan? The name begins with a blank")]
    [InlineData("vxlna", "'vxlna'", "did you mean vxlan?")]
    [InlineData("hostgw", "'hostgw'", "did you mean host-gw?")]
    [InlineData("udp\\t", "'udp\\u0009'", "did you mean udp? The name ends with a blank")]
    public void UnknownBackend_IsComparedWithThoseThatThereAre(string type, string named, string hint)
    {
        NetworkConfig config = NetworkConfig.Parse(NodeFixture.With(type), "test");

        string message = new UnknownBackendException(config.BackendType, ["vxlan", "udp", "host-gw", "alloc"]).Message;

        Assert.Contains(named, message, StringComparison.Ordinal);
        Assert.Contains(hint, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("wireguard")]
    [InlineData("vxlan")] // not registered here, and nothing else looks like it
    public void UnknownBackend_ThatIsLikeNoOther_GetsNoHint(string type) =>
        Assert.DoesNotContain("did you mean", new UnknownBackendException(type, ["udp", "host-gw", "alloc"]).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("10.5.3.4", null, "is inside the overlay's network 10.5.0.0/16")]
    [InlineData("fd00:5::9", "fd00:100::1", "is inside the overlay's network fd00:5::/48")]
    [InlineData("fe80::9", "fd00:100::1", "is a link-local address")]
    [InlineData("192.168.100.255", null, "is the broadcast address of this host's link 192.168.100.0/24")]
    [InlineData("192.168.100.0", null, "names the link 192.168.100.0/24 of this host, not a host")]
    public async Task Start_PublicAddressThatPeersWouldRefuse_FailsAsThePeersWouldSay(string published, string? addressIPv6, string reason)
    {
        const string DualStack = """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"fake"}}""";
        IPAddress address = IPAddress.Parse(published);
        await using var fixture = new NodeFixture(memory: addressIPv6 is null ? null : new InMemoryLeaseStore(DualStack));
        fixture.Host.Prefixes = [new HostPrefix(IPNetwork.Parse("192.168.100.0/24"), "eth0", IsAddress: true, Gateway: null)];
        fixture.Host.External = addressIPv6 is null
            ? fixture.Host.External with { PublicIP = address }
            : fixture.Host.External with { AddressIPv6 = IPAddress.Parse(addressIPv6), PublicIPv6 = address };
        await fixture.Node.StartAsync();

        var error = await Assert.ThrowsAsync<ExternalInterfaceException>(() => fixture.Node.WaitForReadyAsync());

        Assert.Contains($"{address} of eth0 {reason}, so other hosts cannot reach this one by it", error.Message, StringComparison.Ordinal);
        Assert.Contains(addressIPv6 is null ? "-public-ip)" : "-public-ipv6)", error.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Backend.Networks);
        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
    }

    [Fact]
    public async Task Start_NoInterface_FailsWithCandidatesAndHealsWhenItAppears()
    {
        await using var fixture = new NodeFixture();
        fixture.Host.InterfaceError = new ExternalInterfaceException(
            "There is no interface 'eth9'.", [new InterfaceCandidate("lo", [IPAddress.Loopback], "is the loopback")]);
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<ExternalInterfaceException>(() => fixture.Node.WaitForReadyAsync());
        Assert.Contains("lo (127.0.0.1): is the loopback", error.Message, StringComparison.Ordinal);
        fixture.Host.InterfaceError = null;
        await fixture.UntilAsync(status => status.IsReady);
    }

    [Fact]
    public async Task Start_RangeOverlapsHost_IsRefusedBeforeAnythingIsTouched()
    {
        var prefix = new HostPrefix(IPNetwork.Parse("10.5.64.0/20"), "eth1", IsAddress: false, Gateway: null);
        await using var fixture = new NodeFixture();
        fixture.Host.Prefixes = [prefix];
        await fixture.Node.StartAsync();
        var error = await Assert.ThrowsAsync<NetworkOverlapException>(() => fixture.Node.WaitForReadyAsync());
        Assert.Equal(prefix, Assert.Single(error.Conflicts));
        Assert.Contains("10.5.64.0/20 on eth1", error.Message, StringComparison.Ordinal);
        Assert.Empty(fixture.Backend.Networks);
        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
    }

    [Fact]
    public async Task Start_RangeOverlapsHostButAllowed_Starts()
    {
        await using var fixture = new NodeFixture(options => options.AllowOverlap = true);
        fixture.Host.Prefixes = [new HostPrefix(IPNetwork.Parse("10.5.64.0/20"), "eth1", IsAddress: false, Gateway: null)];
        await fixture.ReadyAsync();
    }

    [Fact]
    public async Task Peer_PublishesAnotherAddressOfThisHost_IsRefused_UntilItIsNoneAnyMore()
    {
        await using var fixture = new NodeFixture();
        var bridge = new HostPrefix(IPNetwork.Parse("172.17.0.0/16"), "docker0", IsAddress: true, Gateway: null);
        fixture.Host.Prefixes = [bridge with { Address = IPAddress.Parse("172.17.0.1") }];
        fixture.AddPeer("10.5.77.0/24", "172.17.0.1");
        fixture.AddPeer("10.5.78.0/24", "172.17.0.2");
        await fixture.ReadyAsync();

        FlannelNodeStatus status = await fixture.UntilAsync(found => found.Quarantined.Count == 1 && found.Peers.Count == 1);

        Assert.Equal("its PublicIP 172.17.0.1 is an address of this host", status.Quarantined[0].Reason);
        Assert.Equal("10.5.78.0-24", status.Peers.Keys.Single().ToString());

        // As far as a session follows the host: another address of the external interface begins one.
        fixture.Host.Prefixes = [];
        fixture.Host.Move(fixture.Host.External with { PublicIP = IPAddress.Parse("192.168.100.9"), Address = IPAddress.Parse("192.168.100.9") });
        await fixture.UntilAsync(found => found.Quarantined.Count == 0 && found.Peers.Count == 2);
    }

    [Fact]
    public async Task Backend_ThrowsAnything_NeverEscapesAndIsTriedAgain()
    {
        await using var fixture = new NodeFixture();
        fixture.Backend.CreateError = new DivideByZeroException("a defect");
        await fixture.Node.StartAsync();
        await Assert.ThrowsAsync<DivideByZeroException>(() => fixture.Node.WaitForReadyAsync());
        fixture.Backend.CreateError = null;
        await fixture.UntilAsync(status => status.IsReady);
    }

    [Fact]
    public async Task OwnLease_Deleted_IsTakenAgainWithoutTouchingTraffic()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        SubnetKey key = fixture.Node.Lease.Key;
        long revision = fixture.Node.Lease.ModRevision;
        fixture.Memory.Delete(key.ToString());
        FlannelNodeStatus status = await fixture.UntilAsync(
            status => status.Lease!.ModRevision != revision && status.State == FlannelNodeState.Ready);
        Assert.Equal(key, status.Lease!.Key);
        Assert.Equal(["start", "set 0"], fixture.Network.Calls);
    }

    [Fact]
    public async Task OwnLease_TakenBySomebodyElse_IsNotReadyUntilItIsFree()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        string key = fixture.Node.Lease.Key.ToString();
        fixture.Memory.Put(fixture.Node.Lease.Key, new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.100.66"), BackendType = "fake" }, null);
        FlannelNodeStatus status = await fixture.UntilAsync(status => !status.IsReady);
        Assert.Equal(FlannelNodeState.Failed, status.State);
        Assert.IsType<LeaseLostException>(status.Error);
        Assert.Contains("192.168.100.66", status.Reason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LeaseLostException>(() => fixture.Node.WaitForReadyAsync());
        fixture.Memory.Delete(key);
        await fixture.UntilAsync(status => status.State == FlannelNodeState.Ready);
    }

    [Fact]
    public async Task Backend_ReportsProblem_DegradesWithReasonAndRecovers()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        fixture.Network.Report(status => status with { Problem = "flannel.1 is gone" });
        FlannelNodeStatus degraded = await fixture.UntilAsync(status => status.State == FlannelNodeState.Degraded);
        Assert.Contains("flannel.1 is gone", degraded.Reason, StringComparison.Ordinal);
        fixture.Network.Report(status => status with { Problem = null });
        await fixture.UntilAsync(status => status.State == FlannelNodeState.Ready);
    }

    [Fact]
    public async Task Stop_Detach_LeavesLeaseAndDataPath()
    {
        await using var fixture = new NodeFixture();
        await fixture.ReadyAsync();
        SubnetKey key = fixture.Node.Lease.Key;
        await fixture.Node.StopAsync();
        Assert.Equal(FlannelNodeState.Stopped, fixture.Node.Status.State);
        Assert.Equal(["start", "set 0", "dispose"], fixture.Network.Calls);
        Assert.Equal(key.ToString(), Assert.Single((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries).Key);
    }

    [Fact]
    public async Task Stop_Remove_ReleasesLeaseThenRemovesDataPathAndSubnetFile()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("flannel-test-").FullName, "subnet.env");
        try
        {
            await using var fixture = new NodeFixture(options => (options.StopMode, options.SubnetFile) = (StopMode.Remove, path));
            await fixture.ReadyAsync();
            await WaitForFileAsync(path);
            await fixture.Node.StopAsync();
            Assert.Equal(["start", "set 0", "remove", "dispose"], fixture.Network.Calls);
            Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
            Assert.False(File.Exists(path));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        }
    }

    [Fact]
    public async Task Restart_SameStore_KeepsSubnetAndHandsBackendItsFormerAttributes()
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        SubnetKey key;
        await using (var first = new NodeFixture(memory: memory))
        {
            await first.ReadyAsync();
            key = first.Node.Lease.Key;
        }

        await using var second = new NodeFixture(memory: memory);
        await second.ReadyAsync();
        Assert.Equal(key, second.Node.Lease.Key);
        Assert.Equal("fake", second.Network.Context.PreviousAttributes!.BackendType);
    }

    [Fact]
    public async Task SubnetFile_AfterStart_HasLeaseAndGivesPreviousSubnetToNextStore()
    {
        string directory = Directory.CreateTempSubdirectory("flannel-test-").FullName;
        try
        {
            string path = Path.Combine(directory, "run", "subnet.env");
            IPNetwork subnet;
            await using (var first = new NodeFixture(options => (options.SubnetFile, options.IpMasq) = (path, true), rules: new FakeTrafficRules()))
            {
                await first.ReadyAsync();
                subnet = first.Node.Lease.Subnet!.Value;
                await WaitForFileAsync(path);
            }

            string gateway = subnet.BaseAddress.ToString()[..^1] + "1/24";
            Assert.Equal(
                $"FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET={gateway}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", await File.ReadAllTextAsync(path));

            // The store forgot everything; the file still knows.
            await using var second = new NodeFixture(options => options.SubnetFile = path);
            await second.ReadyAsync();
            Assert.Equal(subnet, second.Node.Lease.Subnet);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>CNI makes a route of each range in there.</summary>
    [Theory]
    [InlineData(true, "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=")]
    [InlineData(false, "FLANNEL_IPV6_NETWORK=fd00:5::/48\nFLANNEL_IPV6_SUBNET=")]
    public async Task SubnetFile_RangeOfAFamilyThatIsOff_IsNotInThere(bool isIPv4, string expected)
    {
        string directory = Directory.CreateTempSubdirectory("flannel-test-").FullName;
        try
        {
            string path = Path.Combine(directory, "subnet.env");
            string config = $$"""
                {
                    "Network":"10.5.0.0/16", "IPv6Network":"fd00:5::/48", "Backend":{"Type":"fake"},
                    "EnableIPv4":{{(isIPv4 ? "true" : "false")}}, "EnableIPv6":{{(isIPv4 ? "false" : "true")}}
                }
                """;
            await using var fixture = new NodeFixture(options => options.SubnetFile = path, new InMemoryLeaseStore(config));
            fixture.Host.Move(IPAddress.Parse("fd00:100::1"));
            await fixture.ReadyAsync();
            await WaitForFileAsync(path);

            string text = await File.ReadAllTextAsync(path);
            Assert.StartsWith(expected, text, StringComparison.Ordinal);
            Assert.Equal(4, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task SubnetFile_CannotBeWritten_DegradesAndIsWrittenOnceItCan()
    {
        string directory = Directory.CreateTempSubdirectory("flannel-test-").FullName;
        try
        {
            string blocked = Path.Combine(directory, "blocked");
            await File.WriteAllTextAsync(blocked, "a file where a directory is needed");
            string path = Path.Combine(blocked, "subnet.env");
            await using var fixture = new NodeFixture(options => options.SubnetFile = path);
            await fixture.Node.StartAsync();
            FlannelNodeStatus status = await fixture.UntilAsync(status => status.State == FlannelNodeState.Degraded);
            Assert.Contains(path, status.Reason, StringComparison.Ordinal);
            File.Delete(blocked);
            await fixture.UntilAsync(status => status.State == FlannelNodeState.Ready);
            Assert.True(File.Exists(path));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task Quarantine_CorruptPeer_IsReportedAndHarmsNobody()
    {
        await using var fixture = new NodeFixture();
        fixture.AddPeer("10.5.77.0/24", "192.168.100.2");
        fixture.Memory.Put("10.5.78.0-24", "{not json"u8.ToArray(), null);
        fixture.Memory.Put("foo", "{}"u8.ToArray(), null);
        await fixture.ReadyAsync();
        FlannelNodeStatus status = await fixture.UntilAsync(status => status.Quarantined.Count == 2);
        Assert.Equal("10.5.77.0-24", Assert.Single(status.Peers).Key.ToString());
        Assert.Equal(FlannelNodeState.Ready, status.State);
    }

    [Fact]
    public async Task WaitForReady_NodeDisposed_ThrowsInsteadOfHanging()
    {
        var fixture = new NodeFixture();
        fixture.Backend.HoldCreation();
        await fixture.Node.StartAsync();
        Task waiting = fixture.Node.WaitForReadyAsync();
        await fixture.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.Node.StartAsync());
    }

    [Fact]
    public async Task StartAndStop_RepeatedFromManyThreads_EndsInOrder()
    {
        await using var fixture = new NodeFixture();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => i % 2 == 0 ? fixture.Node.StartAsync() : fixture.Node.StopAsync())));
        await fixture.Node.StopAsync();
        Assert.Equal(FlannelNodeState.Stopped, fixture.Node.Status.State);
        await fixture.ReadyAsync();
    }

    private static async Task WaitForFileAsync(string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!File.Exists(path)) await Task.Delay(5, limit.Token);
    }
}
