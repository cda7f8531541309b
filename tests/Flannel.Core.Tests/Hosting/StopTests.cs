using Flannel.Lab.Backends;
using Flannel.Lab.Stores;
using Flannel.Testing;

namespace Flannel.Core.Tests.Hosting;

/// <summary>Stopping ends, and undoes what the options say, in whatever state the node is.</summary>
public class StopTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);

    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData(false, StopMode.Detach)]
    [InlineData(false, StopMode.Remove)]
    [InlineData(true, StopMode.Detach)]
    [InlineData(true, StopMode.Remove)]
    public async Task Stop_EverythingStuck_EndsInTime(bool blocks, StopMode mode)
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        using var store = new StuckLeaseStore(memory, blocks);
        await using var fixture = new NodeFixture(options => options.StopMode = mode, memory, store, time: _time);
        await fixture.ReadyAsync();
        store.IsStuck = true;
        fixture.Network.IsStuck = true;

        TimeSpan stop = await StopAsync(fixture);

        Assert.InRange(stop, TimeSpan.Zero, Bound);
        Assert.Equal(FlannelNodeState.Stopped, fixture.Node.Status.State);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_StoreStuckFromTheStart_EndsInTime(bool blocks)
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        using var store = new StuckLeaseStore(memory, blocks) { IsStuck = true };
        await using var fixture = new NodeFixture(memory: memory, store: store, time: _time);
        await fixture.Node.StartAsync();
        await fixture.UntilAsync(status => status.Reason.Contains("reading the network configuration", StringComparison.Ordinal));

        Assert.InRange(await StopAsync(fixture), TimeSpan.Zero, Bound);
    }

    [Fact]
    public async Task Stop_BackendStuckWhileItCreates_EndsInTimeAndClosesWhatComesLate()
    {
        await using var fixture = new NodeFixture(time: _time);
        TaskCompletionSource creating = fixture.Backend.HoldCreation();
        await fixture.Node.StartAsync();
        await fixture.UntilAsync(status => status.Reason.Contains("creating the fake network", StringComparison.Ordinal));

        Assert.InRange(await StopAsync(fixture), TimeSpan.Zero, Bound);

        creating.SetResult();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (fixture.Backend.Networks is not [{ Calls: ["dispose"] }]) await Task.Delay(5, limit.Token);
    }

    [Theory]
    [InlineData(StopMode.Remove, false)]
    [InlineData(StopMode.Detach, true)]
    public async Task Stop_InTheBackOffAfterAFailedSession_UndoesWhatIsHeld(StopMode mode, bool release)
    {
        await using var fixture = new NodeFixture(options => (options.StopMode, options.ReleaseLeaseOnStop) = (mode, release));
        await fixture.ReadyAsync();
        string key = fixture.Node.Lease.Key.ToString();
        fixture.Host.InterfaceError = new ExternalInterfaceException("It is gone.", []);
        fixture.Host.Move(fixture.Host.External with { Index = 99 });
        FlannelNodeStatus status = await fixture.UntilAsync(status => status.State == FlannelNodeState.Failed);
        Assert.Equal(key, status.Lease!.Key.ToString());
        Assert.Equal(key, fixture.Node.Lease.Key.ToString());

        await fixture.Node.StopAsync();

        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.Equal(mode == StopMode.Remove, fixture.Backend.Networks.Single().Calls.Contains("remove"));
        Assert.Equal("dispose", fixture.Network.Calls[^1]);
        Assert.Null(fixture.Node.Status.Lease);
    }

    [Theory]
    [InlineData(StopMode.Detach, true, false, false)]
    [InlineData(StopMode.Suspend, true, true, true)]
    [InlineData(StopMode.Remove, false, true, true)]
    public async Task Stop_WithAMode_DoesWhatTheCallSaysWhateverTheOptionsSay(StopMode mode, bool keepsLease, bool removesDataPath, bool removesFile)
    {
        string folder = Directory.CreateTempSubdirectory("flannel-test-").FullName;
        try
        {
            string path = Path.Combine(folder, "subnet.env");
            var rules = new FakeTrafficRules();
            StopMode other = mode == StopMode.Detach ? StopMode.Remove : StopMode.Detach;
            await using var fixture = new NodeFixture(
                options => (options.StopMode, options.ReleaseLeaseOnStop, options.SubnetFile) = (other, true, path), rules: rules);
            await fixture.ReadyAsync();
            await fixture.UntilAsync(status => status.IsSubnetFileCurrent);
            string key = fixture.Node.Lease.Key.ToString();

            await fixture.Node.StopAsync(mode);

            Assert.Equal(keepsLease ? [key] : [], (await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries.Select(entry => entry.Key));
            Assert.Equal(removesDataPath, fixture.Network.Calls.Contains("remove"));
            Assert.Equal(removesDataPath, rules.Calls.Contains("remove"));
            Assert.Equal(removesFile, !File.Exists(path));
            await fixture.Node.StopAsync(StopMode.Remove); // does not run, so nothing happens
            Assert.Equal(keepsLease, (await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries.Count == 1);

            await fixture.ReadyAsync();
            if (keepsLease) Assert.Equal(key, fixture.Node.Lease.Key.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Stop_WhileASessionFails_ThrowsNothing()
    {
        await using var fixture = new NodeFixture();
        TaskCompletionSource creating = fixture.Backend.HoldCreation();
        fixture.Backend.CreateError = new DivideByZeroException("a defect");
        await fixture.Node.StartAsync();
        await fixture.UntilAsync(status => status.Reason.Contains("creating the fake network", StringComparison.Ordinal));

        Task stopping = fixture.Node.StopAsync();
        creating.SetResult();

        await stopping;
        Assert.Equal(FlannelNodeState.Stopped, fixture.Node.Status.State);
    }

    [Theory]
    [InlineData(StopMode.Detach)]
    [InlineData(StopMode.Suspend)]
    public async Task Stop_ByOptionsThatReleaseTheLease_ReleasesItInEveryMode(StopMode mode)
    {
        await using var fixture = new NodeFixture(options => (options.StopMode, options.ReleaseLeaseOnStop) = (mode, true));
        await fixture.ReadyAsync();

        await fixture.Node.StopAsync();

        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.Equal(mode == StopMode.Suspend, fixture.Network.Calls.Contains("remove"));
    }

    [Fact]
    public async Task Stop_RemoveAfterTheNextNetworkCouldNotBeCreated_RemovesTheFormerOne()
    {
        await using var fixture = new NodeFixture(options => options.StopMode = StopMode.Remove);
        await fixture.ReadyAsync();
        fixture.Backend.CreateError = new StoreException("not now", isTransient: false);
        fixture.Host.Move(fixture.Host.External with { Index = 99 });
        await fixture.UntilAsync(status => status.State == FlannelNodeState.Failed);
        Assert.Equal("dispose", fixture.Network.Calls[^1]);

        Task stopping = fixture.Node.StopAsync(); // no other attempt begins
        fixture.Backend.CreateError = null;
        await stopping;

        Assert.Equal(["remove", "dispose"], fixture.Network.Calls);
        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
    }

    [Fact]
    public async Task Stop_RemoveAfterTheFirstSessionFailedBehindItsLease_ReleasesIt()
    {
        await using var fixture = new NodeFixture(options => options.StopMode = StopMode.Remove);
        fixture.Backend.StartError = new StoreException("the host refuses", isTransient: false);
        await fixture.Node.StartAsync();
        FlannelNodeStatus status = await fixture.UntilAsync(status => status.State == FlannelNodeState.Failed);
        Assert.NotNull(status.Lease);

        await fixture.Node.StopAsync();

        Assert.Empty((await fixture.Memory.ListAsync(null, CancellationToken.None)).Entries);
        Assert.Contains("remove", fixture.Network.Calls);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Stop_RemoveBeforeThereWasALease_RemovesWhatWasMade(bool isRefused)
    {
        var memory = new InMemoryLeaseStore("""{"Network":"10.5.0.0/16","SubnetMin":"10.5.7.0","SubnetMax":"10.5.7.0","Backend":{"Type":"fake"}}""");
        await using var fixture = new NodeFixture(options => options.StopMode = StopMode.Remove, memory);
        fixture.AddPeer("10.5.7.0/24", "192.168.100.9");
        if (isRefused) fixture.Backend.CreateError = new StoreException("half made", isTransient: false);
        await fixture.Node.StartAsync();
        FlannelNodeStatus status = await fixture.UntilAsync(static status => status.State == FlannelNodeState.Failed);
        Assert.Null(status.Lease);
        Assert.Equal(isRefused, fixture.Backend.Networks.Count == 0);
        fixture.Backend.CreateError = null;

        await fixture.Node.StopAsync();

        Assert.Equal(["remove", "dispose"], fixture.Network.Calls);
    }

    [Fact]
    public async Task Stop_RemoveBeforeAnythingWasMade_MakesNothing()
    {
        await using var fixture = new NodeFixture(options => options.StopMode = StopMode.Remove);
        fixture.Host.InterfaceError = new ExternalInterfaceException("There is none.", []);
        await fixture.Node.StartAsync();
        await fixture.UntilAsync(static status => status.State == FlannelNodeState.Failed);
        Task stopping = fixture.Node.StopAsync(); // no other attempt begins
        fixture.Host.InterfaceError = null;

        await stopping;

        Assert.Empty(fixture.Backend.Networks);
    }

    [Fact]
    public async Task Stop_StoreStuck_StillRemovesTheDataPath()
    {
        var memory = new InMemoryLeaseStore(NodeFixture.ConfigJson);
        using var store = new StuckLeaseStore(memory);
        await using var fixture = new NodeFixture(options => options.StopMode = StopMode.Remove, memory, store);
        await fixture.ReadyAsync();
        store.IsStuck = true;

        await fixture.Node.StopAsync();

        Assert.Equal(["start", "set 0", "remove", "dispose"], fixture.Network.Calls);
    }

    /// <summary>What of the clock passes until it has stopped. What is not stuck has some real time for each tenth of a second.</summary>
    private async Task<TimeSpan> StopAsync(NodeFixture fixture)
    {
        TimeSpan started = _time.Elapsed;
        Task stopping = fixture.Node.StopAsync();
        while (!stopping.IsCompleted && _time.Elapsed - started < NodeFixture.Limit)
        {
            await Task.WhenAny(stopping, Task.Delay(20));
            if (!stopping.IsCompleted) _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        await stopping.WaitAsync(NodeFixture.Limit);
        return _time.Elapsed - started;
    }
}
