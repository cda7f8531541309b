using Flannel.Extensibility;
using Flannel.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Flannel.Core.Tests.Networks;

/// <summary>Networks that are made, found and removed while the process runs.</summary>
public sealed class FlannelNetworksTests
{
    [Fact]
    public async Task Create_ThenRemove_LeavesTheNameFree()
    {
        await using var fixture = new NetworksFixture();
        IFlannelNode node = await fixture.ReadyAsync("a");

        Assert.Equal("a", node.Name);
        Assert.Same(node, fixture.Networks.Find("a"));
        Assert.Same(node, Assert.Single(fixture.Networks.All));
        Assert.NotNull(node.Store);
        Assert.True(await fixture.Networks.RemoveAsync("a"));

        Assert.Null(fixture.Networks.Find("a"));
        Assert.Empty(fixture.Networks.All);
        Assert.Equal(FlannelNodeState.Stopped, node.Status.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => node.StartAsync());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => node.WaitForReadyAsync());
        Assert.False(await fixture.Networks.RemoveAsync("a"));
        await fixture.ReadyAsync("a");
    }

    [Fact]
    public async Task Composed_AndMade_AreOfOneKind()
    {
        await using var fixture = new NetworksFixture(services =>
        {
            NetworksFixture.Usual(services.AddFlannel());
            NetworksFixture.Usual(services.AddFlannel("red"));
        });
        await fixture.ReadyAsync("blue");

        Assert.Equal(["", "blue", "red"], fixture.Networks.All.Select(node => node.Name).Order());
        IFlannelNode red = fixture.Provider.GetRequiredKeyedService<IFlannelNode>("red");
        Assert.Same(red, fixture.Networks.Find("red"));
        Assert.Same(fixture.Provider.GetRequiredService<IFlannelNode>(), fixture.Networks.Find(""));
        await red.StartAsync();
        await red.WaitForReadyAsync(NetworksFixture.Limit);

        Assert.True(await fixture.Networks.RemoveAsync("red", StopMode.Remove));

        Assert.Equal(["", "blue"], fixture.Networks.All.Select(node => node.Name).Order());
        await fixture.ReadyAsync("red");
    }

    [Fact]
    public async Task Remove_OfAComposedNetworkThatNobodyAskedFor_RemovesIt()
    {
        await using var fixture = new NetworksFixture(services => NetworksFixture.Usual(services.AddFlannel("red")));

        Assert.True(await fixture.Networks.RemoveAsync("red"));

        Assert.Empty(fixture.Networks.All);
        var error = Assert.Throws<ObjectDisposedException>(() => fixture.Provider.GetRequiredKeyedService<IFlannelNode>("red"));
        Assert.Contains("CreateAsync()", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("red")]
    [InlineData("")]
    [InlineData("a")]
    public async Task Create_NameThatIsTaken_SaysWhatToCall(string name)
    {
        await using var fixture = new NetworksFixture(services =>
        {
            NetworksFixture.Usual(services.AddFlannel());
            NetworksFixture.Usual(services.AddFlannel("red"));
        });
        await fixture.ReadyAsync("a");
        bool isAsked = false;

        var error = await Assert.ThrowsAsync<NetworkExistsException>(() => fixture.Networks.CreateAsync(name, _ => isAsked = true));

        Assert.Equal((name, false), (error.Network, error.IsTransient));
        foreach (string call in new[] { "Find()", "RemoveAsync()" }) Assert.Contains(call, error.Message, StringComparison.Ordinal);
        Assert.False(isAsked);
        Assert.DoesNotContain("''", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_ManyAtOnce_MakesEach()
    {
        await using var fixture = new NetworksFixture();
        string[] names = [.. Enumerable.Range(0, 30).Select(number => $"n{number}")];

        await Task.WhenAll(names.Select(name => Task.Run(() => fixture.ReadyAsync(name))));

        Assert.Equal(names.Order(StringComparer.Ordinal), fixture.Networks.All.Select(node => node.Name).Order(StringComparer.Ordinal));
        Assert.All(await Task.WhenAll(names.Select(name => Task.Run(() => fixture.Networks.RemoveAsync(name)))), Assert.True);
        Assert.Empty(fixture.Networks.All);
    }

    [Fact]
    public async Task Create_OneNameManyTimesAtOnce_MakesOne()
    {
        await using var fixture = new NetworksFixture();

        bool[] made = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            try
            {
                await fixture.Networks.CreateAsync("a", NetworksFixture.Usual);
                return true;
            }
            catch (NetworkExistsException)
            {
                return false;
            }
        })));

        Assert.Single(made, isMade => isMade);
        Assert.Single(fixture.Networks.All);
    }

    [Fact]
    public async Task Remove_WhileItIsMade_WaitsForIt()
    {
        await using var fixture = new NetworksFixture();
        using var go = new ManualResetEventSlim();
        var entered = new TaskCompletionSource();
        Task<IFlannelNode> creating = Task.Run(() => fixture.Networks.CreateAsync("a", network =>
        {
            entered.SetResult();
            go.Wait();
            NetworksFixture.Usual(network);
        }));
        await entered.Task;
        Assert.Null(fixture.Networks.Find("a"));
        Assert.Empty(fixture.Networks.All);
        Task<bool> removing = fixture.Networks.RemoveAsync("a");
        Assert.False(removing.IsCompleted);
        using var impatient = new CancellationTokenSource();
        Task<bool> givenUp = fixture.Networks.RemoveAsync("a", impatient.Token);
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);

        go.Set();

        IFlannelNode node = await creating;
        Assert.True(await removing);
        Assert.Equal(FlannelNodeState.Stopped, node.Status.State);
        Assert.Empty(fixture.Networks.All);
    }

    [Fact]
    public async Task Remove_WhileItStarts_EndsTheStart()
    {
        await using var fixture = new NetworksFixture();
        var backend = new FakeBackend();
        TaskCompletionSource creation = backend.HoldCreation();
        IFlannelNode node = await fixture.Networks.CreateAsync(
            "a", network => network.UseInMemoryStore(NetworksFixture.NewConfig()).UseBackend(backend));
        Task waiting = node.WaitForReadyAsync();

        Assert.True(await fixture.Networks.RemoveAsync("a", StopMode.Remove).WaitAsync(NetworksFixture.Limit));

        creation.SetResult();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }

    [Fact]
    public async Task Remove_Twice_TheSecondWaitsForTheFirst()
    {
        await using var fixture = new NetworksFixture();
        var backend = new FakeBackend();
        IFlannelNode node = await fixture.ReadyAsync("a", network => network.UseInMemoryStore(NetworksFixture.NewConfig()).UseBackend(backend));
        backend.Networks[0].IsStuck = true;
        Task<bool> first = fixture.Networks.RemoveAsync("a", StopMode.Remove);

        Task<bool> second = fixture.Networks.RemoveAsync("a");
        var error = await Assert.ThrowsAsync<NetworkExistsException>(() => fixture.Networks.CreateAsync("a", NetworksFixture.Usual));
        Assert.True(error.IsTransient);
        Assert.Contains("being removed", error.Message, StringComparison.Ordinal);

        Assert.False(await second.WaitAsync(NetworksFixture.Limit));
        Assert.True(first.IsCompleted && await first);
        Assert.Equal(FlannelNodeState.Stopped, node.Status.State);
        await fixture.ReadyAsync("a");
    }

    [Theory]
    [InlineData(StopMode.Detach, true, false)]
    [InlineData(StopMode.Suspend, true, true)]
    [InlineData(StopMode.Remove, false, true)]
    public async Task Remove_LeavesWhatTheModeSays(StopMode mode, bool keepsLease, bool removesDataPath)
    {
        await using var fixture = new NetworksFixture();
        var backend = new FakeBackend();
        var store = new InMemoryLeaseStore(NetworksFixture.NewConfig());
        await fixture.ReadyAsync(
            "a", network => network.UseInMemoryStore(store).UseBackend(backend).Configure(options => options.ReleaseLeaseOnStop = true));

        await fixture.Networks.RemoveAsync("a", mode);

        Assert.Equal(keepsLease, (await store.ListAsync(null, CancellationToken.None)).Entries.Count == 1);
        Assert.Equal(removesDataPath, backend.Networks.Single().Calls.Contains("remove"));
    }

    [Fact]
    public async Task Remove_ModeThatThereIsNot_RemovesNothing()
    {
        await using var fixture = new NetworksFixture();
        IFlannelNode node = await fixture.ReadyAsync("a");

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => fixture.Networks.RemoveAsync("a", (StopMode)17));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => node.StopAsync((StopMode)17));

        Assert.True(node.Status.IsReady);
    }

    [Fact]
    public async Task Create_ThatFails_LeavesNothingBehind()
    {
        await using var fixture = new NetworksFixture();
        var store = new DisposableStore();

        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => fixture.Networks.CreateAsync("a", network => network.UseStore((_, _) => store)));
        Assert.Contains("no backend", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, store.Disposals);
        await Assert.ThrowsAsync<DivideByZeroException>(() => fixture.Networks.CreateAsync("a", _ => throw new DivideByZeroException()));
        await Assert.ThrowsAsync<OperationCanceledException>(
            () => fixture.Networks.CreateAsync("a", NetworksFixture.Usual, new CancellationToken(true)));

        Assert.Empty(fixture.Networks.All);
        await fixture.ReadyAsync("a");
    }

    [Fact]
    public async Task Create_WithInvalidOptions_HasEveryFailure()
    {
        await using var fixture = new NetworksFixture();

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => fixture.Networks.CreateAsync("a", network => network
            .Configure(options => (options.LeaseTimeToLive, options.SubnetFile) = (TimeSpan.Zero, "relative"))
            .UseStore<DisposableStore>((_, name) => throw new OptionsValidationException(name, typeof(string), ["Endpoints: is wrong"])).UseAlloc()));

        foreach (string part in new[] { "LeaseTimeToLive", "relative", "Endpoints" }) Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispose_WithNetworksRunning_StopsThemBeforeWhatTheyStandOn()
    {
        var log = new List<string>();
        var fixture = new NetworksFixture(services => services.AddSingleton(_ => new LateService(log)));
        var backend = new FakeBackend();
        IFlannelNode node = await fixture.ReadyAsync("a", network => network.UseInMemoryStore(NetworksFixture.NewConfig()).UseBackend((provider, _) =>
        {
            provider.GetRequiredService<LateService>().Node = () => fixture.Networks.Find("a")!.Status.State;
            return backend;
        }));

        await fixture.DisposeAsync();

        Assert.Equal("dispose", backend.Networks.Single().Calls[^1]);
        Assert.Equal(["Stopped"], log);
        Assert.Equal(FlannelNodeState.Stopped, node.Status.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => fixture.Networks.CreateAsync("b", NetworksFixture.Usual));
    }

    [Fact]
    public async Task Dispose_Synchronously_StopsThemToo()
    {
        var fixture = new NetworksFixture(services => NetworksFixture.Usual(services.AddFlannel()));
        IFlannelNode made = await fixture.ReadyAsync("a");
        IFlannelNode composed = fixture.Networks.Find("")!;
        await composed.StartAsync();

        fixture.Provider.Dispose();

        Assert.All([made, composed], node => Assert.Equal(FlannelNodeState.Stopped, node.Status.State));
    }

    [Fact]
    public async Task Host_StartsAndStopsAll()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        NetworksFixture.Usual(builder.Services.AddFlannel("red"));
        NetworksFixture.Usual(builder.Services.AddFlannel("gone"));
        using IHost host = builder.Build();
        var networks = host.Services.GetRequiredService<IFlannelNetworks>();
        Task early = host.Services.GetRequiredKeyedService<IFlannelNode>("red").WaitForReadyAsync();
        await host.StartAsync();
        await early.WaitAsync(NetworksFixture.Limit);
        IFlannelNode[] nodes = [networks.Find("red")!, await networks.CreateAsync("blue", NetworksFixture.Usual)];
        await nodes[1].WaitForReadyAsync(NetworksFixture.Limit);
        await networks.RemoveAsync("gone");

        await host.StopAsync();

        Assert.All(nodes, node => Assert.Equal(FlannelNodeState.Stopped, node.Status.State));
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => nodes[0].WaitForReadyAsync());
        Assert.Contains("StartAsync()", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_OfAMadeNetwork_ComeFromServicesAndRecipe()
    {
        ConfigurationManager configuration = new();
        configuration["Flannel:SubnetFile"] = "/run/flannel/a.env";
        FlannelOptions? seen = null;
        await using var fixture = new NetworksFixture(services =>
        {
            services.ConfigureAll<FlannelOptions>(options => options.MaxPeers = 17);
            services.AddSingleton("a word of the application's");
            services.PostConfigureAll<FlannelOptions>(options => seen = options);
        });

        await fixture.Networks.CreateAsync("a", network =>
        {
            NetworksFixture.Usual(network);
            network.Configure(configuration.GetSection("Flannel"))
                .Configure(options => options.SubnetFile += "2")
                .Configure((options, services) => options.NetworkNamespace = services.GetRequiredService<string>());
        });

        Assert.Equal((17, "/run/flannel/a.env2", "a word of the application's"), (seen!.MaxPeers, seen.SubnetFile, seen.NetworkNamespace));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task StopMode_ChangedInTheConfiguration_CountsWhenTheNodeStops(bool isComposed)
    {
        ConfigurationManager configuration = new();
        configuration["StopMode"] = "Detach";
        var backend = new FakeBackend();
        await using var fixture = new NetworksFixture(services =>
        {
            if (isComposed) Use(services.AddFlannel("a"));
        });
        IFlannelNode node = isComposed ? fixture.Networks.Find("a")! : await fixture.Networks.CreateAsync("a", Use);
        await node.StartAsync();
        await node.WaitForReadyAsync(NetworksFixture.Limit);

        configuration["StopMode"] = "Remove";
        ((IConfigurationRoot)configuration).Reload();
        await node.StopAsync();

        Assert.Contains("remove", backend.Networks.Single().Calls);

        void Use(IFlannelBuilder network) => network.Configure(configuration).UseInMemoryStore(NetworksFixture.NewConfig()).UseBackend(backend);
    }

    [Fact]
    public async Task Options_ThatBecameInvalid_StopByTheFormerOnesAndFailTheNextStart()
    {
        ConfigurationManager configuration = new();
        configuration["StopMode"] = "Remove";
        var backend = new FakeBackend();
        await using var fixture = new NetworksFixture();
        IFlannelNode node = await fixture.ReadyAsync(
            "a", network => network.Configure(configuration).UseInMemoryStore(NetworksFixture.NewConfig()).UseBackend(backend));
        configuration["LeaseTimeToLive"] = "00:00:00";
        _ = Record.Exception(((IConfigurationRoot)configuration).Reload); // as for all options of .NET, whoever reloads hears of it

        await node.StopAsync();

        Assert.Contains("remove", backend.Networks.Single().Calls);
        await Assert.ThrowsAsync<OptionsValidationException>(() => node.StartAsync());
        (configuration["LeaseTimeToLive"], configuration["LeaseRenewMargin"]) = ("00:00:42", "00:00:20");
        ((IConfigurationRoot)configuration).Reload();
        await node.StartAsync();
        await node.WaitForReadyAsync(NetworksFixture.Limit);
        Assert.InRange(node.Lease.Expiration!.Value - TimeProvider.System.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromSeconds(42));
    }

    [Fact]
    public async Task Builder_KeptBeyondItsTime_SaysSo()
    {
        await using var fixture = new NetworksFixture();
        IFlannelBuilder? kept = null;
        await fixture.Networks.CreateAsync("a", network =>
        {
            kept = network;
            var error = Assert.Throws<InvalidOperationException>(() => network.Services);
            Assert.Contains("AddFlannelNetworks()", error.Message, StringComparison.Ordinal);
            NetworksFixture.Usual(network);
        });

        foreach (Action use in (Action[])[() => kept!.UseAlloc(), () => kept!.UseInMemoryStore(), () => kept!.Configure(_ => { })])
        {
            Assert.Contains(
                "inside what is passed to CreateAsync()", Assert.Throws<InvalidOperationException>(use).Message, StringComparison.Ordinal);
        }
    }

    private sealed class LateService(List<string> log) : IDisposable
    {
        public Func<FlannelNodeState>? Node { get; set; }

        public void Dispose() => log.Add($"{Node!()}");
    }
}
