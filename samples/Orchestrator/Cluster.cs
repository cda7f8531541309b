using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flannel;
using Orchestrator.Machines;

namespace Orchestrator;

/// <summary>Everything the demo makes, and the order to take it away again: the last thing made goes first.</summary>
internal sealed class Cluster(DemoOptions options) : IAsyncDisposable
{
    private const string ContainersOfHost = "ab";

    private readonly string _run = "demo-" + RandomNumberGenerator.GetHexString(6, lowercase: true); // two demos at once do not collide
    private readonly Stack<Func<ValueTask>> _undo = [];
    private readonly List<DemoHost> _hosts = [];

    /// <summary>The configuration that all nodes read: the overlay's ranges, its backend.</summary>
    public NetworkConfig Config { get; } = new()
    {
        Network = IPNetwork.Parse("10.244.0.0/16"),
        EnableIPv6 = options.DualStack,
        IPv6Network = options.DualStack ? IPNetwork.Parse("fd00:244::/48") : null,
        Backend = new JsonObject { ["Type"] = options.Backend }.ToJsonString(),
    };

    public IReadOnlyList<DemoHost> Hosts => _hosts;

    /// <summary>Whether packets travel between the hosts inside other packets; host-gw routes them as they are.</summary>
    public bool HasTunnels => Config.BackendType != "host-gw";

    public IEnumerable<DemoContainer> Containers => _hosts.SelectMany(host => host.Containers);

    /// <summary>Makes the hosts, each connected to the underlay.</summary>
    public void MakeHosts(CancellationToken cancellationToken)
    {
        var underlay = new Underlay(MakeMachine("underlay"), options.DualStack);
        for (int number = 1; number <= options.Hosts; number++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _hosts.Add(new DemoHost(number, MakeMachine($"host-{number}"), underlay));
        }
    }

    /// <summary>Joins the hosts into one overlay.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        var overlay = new Overlay(Config, _hosts);
        _undo.Push(overlay.DisposeAsync);
        foreach (DemoHost host in _hosts) _undo.Push(host.LeaveAsync);
        await overlay.StartAsync(cancellationToken);
    }

    /// <summary>Starts the containers of every host.</summary>
    public async Task StartContainersAsync(CancellationToken cancellationToken)
    {
        foreach (DemoHost host in _hosts)
        {
            Machine[] machines = [.. ContainersOfHost.Select(letter => MakeMachine($"{host.Name}-{letter}"))];
            _undo.Push(host.StopContainersAsync);
            foreach ((char letter, Machine machine) in ContainersOfHost.Zip(machines))
            {
                cancellationToken.ThrowIfCancellationRequested(); // an attach that has begun is finished
                await host.StartContainerAsync(letter, machine, cancellationToken);
            }
        }
    }

    /// <summary>The tunnels of every host and their counters at this moment.</summary>
    public ILookup<DemoHost, Tunnel> ReadTunnels() =>
        _hosts.SelectMany(host => host.Machine.ReadTunnels().Select(tunnel => (host, tunnel))).ToLookup(pair => pair.host, pair => pair.tunnel);

    /// <summary>Removes what was made. What cannot be removed does not keep the rest from being removed.</summary>
    public async ValueTask DisposeAsync()
    {
        List<Exception> failures = [];
        while (_undo.TryPop(out Func<ValueTask>? undo))
        {
            try
            {
                await undo();
            }
            catch (Exception exception)
            {
                failures.Add(exception);
            }
        }

        if (failures.Count > 0) throw new AggregateException("Not everything could be removed.", failures);
    }

    private Machine MakeMachine(string role)
    {
        var machine = new Machine($"{_run}-{role}");
        _undo.Push(() =>
        {
            machine.Dispose();
            return ValueTask.CompletedTask;
        });
        return machine;
    }
}
