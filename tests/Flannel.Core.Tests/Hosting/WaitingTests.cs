using Flannel.Lab.Logging;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Hosting;

/// <summary>Waiting for a node: by the application, by a host's start, by whoever reads the log.</summary>
public sealed class WaitingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task NobodyStartsTheNode_SaysWhatToCall()
    {
        await using var fixture = new NodeFixture();
        foreach (Func<Task> wait in (Func<Task>[])[() => fixture.Node.WaitForReadyAsync(), () => fixture.Node.WaitForReadyAsync(Limit)])
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(wait);
            Assert.Contains("not started", error.Message, StringComparison.Ordinal);
            Assert.Contains("StartAsync()", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task NodeWasStopped_SaysWhatToCall()
    {
        await using var fixture = new NodeFixture();
        fixture.Backend.HoldCreation();
        await fixture.Node.StartAsync();
        Task waiting = fixture.Node.WaitForReadyAsync();
        await fixture.Node.StopAsync();

        foreach (Task wait in (Task[])[waiting, fixture.Node.WaitForReadyAsync()])
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => wait.WaitAsync(Limit));
            Assert.Contains("was stopped", error.Message, StringComparison.Ordinal);
            Assert.Contains("StartAsync()", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task HostThatHasNotStartedYet_IsWaitedFor()
    {
        using IHost host = Build(_ => { });
        var node = host.Services.GetRequiredService<IFlannelNode>();
        Task waiting = node.WaitForReadyAsync();
        Assert.False(waiting.IsCompleted);

        await host.StartAsync();
        await waiting.WaitAsync(Limit);
        await host.StopAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => node.WaitForReadyAsync());
    }

    [Fact]
    public async Task TimeIsUp_SaysWhatTheNodeIsAt()
    {
        await using var fixture = new NodeFixture();
        fixture.Backend.HoldCreation();
        await fixture.Node.StartAsync();
        await fixture.UntilAsync(status => status.Reason.Contains("creating the fake network", StringComparison.Ordinal));

        var error = await Assert.ThrowsAsync<TimeoutException>(() => fixture.Node.WaitForReadyAsync(TimeSpan.FromMilliseconds(20)));

        Assert.Equal("The network is not ready after 0.02 s. It is Starting: creating the fake network", error.Message);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => fixture.Node.WaitForReadyAsync(TimeSpan.FromSeconds(-2)));
        using var cancelled = new CancellationTokenSource();
        Task waiting = fixture.Node.WaitForReadyAsync(Timeout.InfiniteTimeSpan, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task LongStart_IsInTheLogAgainAndAgain()
    {
        var time = new FakeTimeProvider();
        var log = new RecordingLogger<object>();
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(time).AddSingleton<ILoggerFactory>(new OneLoggerFactory(log));
        var backend = new FakeBackend();
        TaskCompletionSource creation = backend.HoldCreation();
        services.AddFlannel("red").UseInMemoryStore(NodeFixture.ConfigJson).UseBackend(backend).UseHostNetwork(new InMemoryHostNetwork());
        await using ServiceProvider provider = services.BuildServiceProvider();
        var node = provider.GetRequiredKeyedService<IFlannelNode>("red");
        await node.StartAsync();
        using var limit = new CancellationTokenSource(Limit);
        await foreach (FlannelNodeStatus status in node.WatchAsync(limit.Token))
        {
            if (status.Reason.Contains("creating", StringComparison.Ordinal)) break;
        }

        foreach (int seconds in new[] { 10, 20, 40 })
        {
            await AdvanceAsync(seconds);
        }

        string[] lines = [.. log.Lines.Select(line => line.Text).Where(text => text.Contains("is not ready after", StringComparison.Ordinal))];
        Assert.Equal(
            [.. new[] { 10, 30, 70 }.Select(seconds => $"Network 'red' is not ready after {seconds} s. It is Starting: creating the fake " +
                "network")], lines);
        creation.SetResult(); // the clock stands still, so nothing else ends it
        await node.WaitForReadyAsync(limit.Token);

        async Task AdvanceAsync(int seconds)
        {
            int before = log.Lines.Count;
            while (log.Lines.Count == before)
            {
                limit.Token.ThrowIfCancellationRequested();
                time.Advance(TimeSpan.FromSeconds(seconds));
                seconds = 0;
                await Task.Delay(5, limit.Token);
            }
        }
    }

    [Theory]
    [InlineData(HostStart.WaitForReady)]
    [InlineData(HostStart.RequireReady)]
    public async Task HostStart_WaitsUntilTheNodeIsReady(HostStart start)
    {
        var backend = new FakeBackend();
        TaskCompletionSource creation = backend.HoldCreation();
        using IHost host = Build(options => options.HostStart = start, backend: backend);
        Task starting = host.StartAsync();
        await Task.Delay(50);
        Assert.False(starting.IsCompleted);

        creation.SetResult();
        await starting.WaitAsync(Limit);

        Assert.True(host.Services.GetRequiredService<IFlannelNode>().Status.IsReady);
    }

    [Fact]
    public async Task HostStart_ByDefault_WaitsForNothing()
    {
        var backend = new FakeBackend();
        backend.HoldCreation();
        using IHost host = Build(_ => { }, backend: backend);
        await host.StartAsync().WaitAsync(Limit);
        Assert.False(host.Services.GetRequiredService<IFlannelNode>().Status.IsReady);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HostStart_LastingError_FailsItOnlyIfRequired(bool isRequired)
    {
        using IHost host = Build(
            options => options.HostStart = isRequired ? HostStart.RequireReady : HostStart.WaitForReady, config: NodeFixture.With("unknown"));
        if (!isRequired)
        {
            await host.StartAsync().WaitAsync(Limit);
            return;
        }

        var error = await Assert.ThrowsAsync<UnknownBackendException>(() => host.StartAsync().WaitAsync(Limit));
        Assert.Equal("unknown", error.Requested);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HostStart_TimeIsUp_FailsItOnlyIfRequired(bool isRequired)
    {
        var backend = new FakeBackend();
        backend.HoldCreation();
        using IHost host = Build(
            options =>
                (options.HostStart, options.HostStartLimit) = (isRequired
                    ? HostStart.RequireReady
                    : HostStart.WaitForReady, TimeSpan.FromSeconds(1)), backend: backend);
        if (isRequired) await Assert.ThrowsAsync<TimeoutException>(() => host.StartAsync().WaitAsync(Limit));
        else await host.StartAsync().WaitAsync(Limit);
    }

    [Fact]
    public async Task HostStart_Cancelled_Ends()
    {
        var backend = new FakeBackend();
        backend.HoldCreation();
        using IHost host = Build(options => options.HostStart = HostStart.WaitForReady, backend: backend);
        using var cancelled = new CancellationTokenSource();
        Task starting = host.StartAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => starting.WaitAsync(Limit));
    }

    private static IHost Build(Action<FlannelOptions> configure, FakeBackend? backend = null, string? config = null)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Services.AddFlannel(configure)
            .UseInMemoryStore(config ?? NodeFixture.ConfigJson).UseBackend(backend ?? new FakeBackend()).UseHostNetwork(new InMemoryHostNetwork());
        return builder.Build();
    }
}
