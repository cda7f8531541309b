using Flannel.Extensibility;
using Flannel.Lab.Logging;
using Flannel.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Tests.Hosting;

/// <summary>Several networks in one process: what they may share, and how messages tell them apart.</summary>
public class TwoNetworksTests
{
    [Theory]
    [InlineData("10.5.0.0/16", "10.5.0.0/16", null, null, "10.5.0.0/16")]
    [InlineData("10.5.0.0/16", "10.5.128.0/17", null, null, "overlap")]
    [InlineData("10.5.0.0/16", "10.6.0.0/16", "flannel.1", "flannel.1", "flannel.1")]
    [InlineData("10.5.0.0/16", "10.6.0.0/16", "flannel.1", "flannel.2", null)]
    public async Task Networks_WantTheSame_TheSecondIsRefusedWithBothNamesUntilTheFirstStops(
        string red, string blue, string? redDevice, string? blueDevice, string? conflict)
    {
        await using ServiceProvider provider = Build(out _, ("red", red, redDevice, null), ("blue", blue, blueDevice, null));
        IFlannelNode first = provider.GetRequiredKeyedService<IFlannelNode>("red");
        IFlannelNode second = provider.GetRequiredKeyedService<IFlannelNode>("blue");
        await first.StartAsync();
        await first.WaitForReadyAsync();
        await second.StartAsync();
        if (conflict is null)
        {
            await second.WaitForReadyAsync();
            return;
        }

        var error = await Assert.ThrowsAsync<NetworkConflictException>(() => second.WaitForReadyAsync());

        Assert.Equal(("blue", "red"), (error.Network, error.Other));
        foreach (string part in new[] { "'blue'", "'red'", conflict }) Assert.Contains(part, error.Message, StringComparison.Ordinal);
        await first.StopAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (FlannelNodeStatus status in second.WatchAsync(limit.Token))
        {
            if (status.IsReady) break;
        }
    }

    [Theory]
    [InlineData("", "blue", "Network 'blue' and the default network")]
    [InlineData("red", "", "The default network and network 'red'")]
    public async Task Networks_WantTheSame_TheDefaultNetworkIsCalledThat(string first, string second, string expected)
    {
        await using ServiceProvider provider = Build(out _, (first, "10.5.0.0/16", null, null), (second, "10.5.0.0/16", null, null));
        await provider.GetRequiredKeyedService<IFlannelNode>(first).StartAsync();
        await provider.GetRequiredKeyedService<IFlannelNode>(first).WaitForReadyAsync();
        await provider.GetRequiredKeyedService<IFlannelNode>(second).StartAsync();

        var error =
            await Assert.ThrowsAsync<NetworkConflictException>(() => provider.GetRequiredKeyedService<IFlannelNode>(second).WaitForReadyAsync());

        Assert.StartsWith($"{expected} of this process cannot run in one network namespace", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Networks_InDifferentNamespaces_MayHaveTheSame()
    {
        await using ServiceProvider provider = Build(out _, ("red", "10.5.0.0/16", "flannel.1", "one"), ("blue", "10.5.0.0/16", "flannel.1", "two"));
        foreach (string name in new[] { "red", "blue" })
        {
            IFlannelNode node = provider.GetRequiredKeyedService<IFlannelNode>(name);
            await node.StartAsync();
            await node.WaitForReadyAsync();
        }
    }

    [Fact]
    public async Task Messages_OfTheDefaultNetwork_NameNone()
    {
        await using ServiceProvider provider = Build(out RecordingLogger<object> log, ("", "10.5.0.0/16", null, null));
        IFlannelNode node = provider.GetRequiredService<IFlannelNode>();
        Assert.DoesNotContain("''", Assert.Throws<InvalidOperationException>(() => node.Lease).Message, StringComparison.Ordinal);
        await node.StartAsync();
        await node.WaitForReadyAsync();
        await node.StopAsync();

        Assert.DoesNotContain(log.Lines, line => line.Text.Contains("''", StringComparison.Ordinal));
        Assert.Contains(log.Lines, line => line.Text == "The network is Starting.");
        Assert.Contains(log.Lines, line => line.Text == "The network is Ready.");
    }

    private static ServiceProvider Build(
        out RecordingLogger<object> log, params (string Name, string Range, string? Device, string? Namespace)[] networks)
    {
        var services = new ServiceCollection();
        var recorder = log = new RecordingLogger<object>();
        services.AddSingleton<ILoggerFactory>(new OneLoggerFactory(recorder));
        services.AddSingleton<IHostNetwork>(new InMemoryHostNetwork());
        foreach ((string name, string range, string? device, string? space) in networks)
        {
            services.AddFlannel(name, options => options.NetworkNamespace = space)
                .UseInMemoryStore(NodeFixture.ConfigJson.Replace("10.5.0.0/16", range, StringComparison.Ordinal))
                .UseBackend(new FakeBackend { DeviceName = device });
        }

        return services.BuildServiceProvider();
    }
}
