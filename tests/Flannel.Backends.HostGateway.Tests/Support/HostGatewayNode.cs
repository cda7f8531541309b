using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.HostGateway.Tests.Support;

/// <summary>One host's host-gw network, started with a lease of its own.</summary>
internal sealed class HostGatewayNode : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private HostGatewayNode(LabHost host, KernelNetwork network, Lease lease) => (Host, Network, Lease) = (host, network, lease);

    public LabHost Host { get; }

    public KernelNetwork Network { get; }

    public Lease Lease { get; }

    public static async Task<HostGatewayNode> StartAsync(LabHost host, int number, NetworkConfig config, ExternalInterface? external = null)
    {
        var created = (KernelNetwork)await CreateAsync(host, config, external);
        try
        {
            var lease = new Lease
            {
                Key = HostGatewayCluster.KeyOf(number, config.EnableIPv4, config.EnableIPv6),
                Attributes = created.Attributes,
                CreateRevision = number,
            };
            await created.StartAsync(lease, CancellationToken.None);
            return new HostGatewayNode(host, created, lease);
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    public static Task<IBackendNetwork> CreateAsync(LabHost host, NetworkConfig config, ExternalInterface? external = null) =>
        NewBackend().CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "test",
                Config = config,
                ExternalInterface = external ?? host.External,
                NetworkNamespace = host.NamespaceName,
                ResyncInterval = TimeSpan.FromMinutes(10), // so that what heals has healed by notifications
            },
            CancellationToken.None);

    public static HostGatewayBackend NewBackend() => new(new KernelServices(TimeProvider.System, new Random(1), NullLogger.Instance));

    public Task WaitForConvergenceAsync() => WaitAsync(static status => status.IsConverged && status.Problem is null);

    /// <summary>Waits until the status is as wanted.</summary>
    public Task<BackendStatus> WaitAsync(Func<BackendStatus, bool> isWanted) => Network.WaitAsync(isWanted);

    /// <summary>Waits until the host has exactly these routes to subnets of the network.</summary>
    public Task UntilRoutesAsync(params string[] expected) => UntilAsync(routes => routes.SequenceEqual(expected));

    /// <summary>Waits until the routes to subnets of the network are as wanted.</summary>
    public async Task UntilAsync(Func<string[], bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        string[] found;
        while (!isWanted(found = await RoutesAsync()))
        {
            if (timeout.IsCancellationRequested)
                throw new TimeoutException($"The routes stayed {string.Join(" | ", found)}; the status is {Network.Status}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    /// <summary>The routes to subnets of the network, IPv4 before IPv6.</summary>
    public async Task<string[]> RoutesAsync() =>
    [
        .. await LinesAsync("ip", "route", "show", "root", "10.5.0.0/16"),
        .. await LinesAsync("ip", "-6", "route", "show", "root", "fd00:5::/48"),
    ];

    public async Task<string[]> LinesAsync(string program, params string[] arguments) =>
        [.. (await Host.ExecAsync(program, arguments)).Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0)];

    public async ValueTask DisposeAsync() => await Network.DisposeAsync();
}
