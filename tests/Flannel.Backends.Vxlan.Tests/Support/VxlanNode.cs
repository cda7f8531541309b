using System.Net;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Leases;
using Flannel.Testing.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Vxlan.Tests.Support;

/// <summary>One host's VXLAN network, started with a lease of its own.</summary>
internal sealed class VxlanNode : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private VxlanNode(LabHost host, IBackendNetwork network, Lease lease) => (Host, Network, Lease) = (host, network, lease);

    public LabHost Host { get; }

    public IBackendNetwork Network { get; }

    public Lease Lease { get; private set; }

    /// <summary>Where the packets of this network meet the host: the address on the tunnel device.</summary>
    public IPAddress Address => Lease.Subnet!.Value.BaseAddress;

    public IPAddress AddressIPv6 => Lease.SubnetIPv6!.Value.BaseAddress;

    public static async Task<VxlanNode> StartAsync(
        LabHost host,
        int number,
        NetworkConfig config,
        VxlanBackendOptions? options = null,
        LeaseAttributes? previous = null,
        ExternalInterface? external = null,
        int network = 5)
    {
        IBackendNetwork created = await CreateAsync(host, config, options, previous, external);
        try
        {
            var lease = new Lease
            {
                Key = VxlanCluster.KeyOf(number, config.EnableIPv4, config.EnableIPv6, network),
                Attributes = created.Attributes,
                CreateRevision = number,
            };
            await created.StartAsync(lease, CancellationToken.None);
            return new VxlanNode(host, created, lease);
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    public static Task<IBackendNetwork> CreateAsync(
        LabHost host,
        NetworkConfig config,
        VxlanBackendOptions? options = null,
        LeaseAttributes? previous = null,
        ExternalInterface? external = null) =>
        NewBackend(options).CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "test",
                Config = config,
                ExternalInterface = external ?? ExternalOf(host),
                NetworkNamespace = host.NamespaceName,
                PreviousAttributes = previous,
            },
            CancellationToken.None);

    public static VxlanBackend NewBackend(VxlanBackendOptions? options = null) =>
        new(options ?? new VxlanBackendOptions(), TimeProvider.System, new Random(Random.Shared.Next()), NullLogger<VxlanBackend>.Instance);

    public static ExternalInterface ExternalOf(LabHost host)
    {
        var eth0 = host.Device("eth0");
        return new ExternalInterface
        {
            Name = eth0.Name,
            Index = eth0.Index,
            Mtu = eth0.Mtu,
            Address = host.Address,
            PublicIP = host.Address,
            AddressIPv6 = host.AddressIPv6,
            PublicIPv6 = host.AddressIPv6,
        };
    }

    public Task WaitForConvergenceAsync() => WaitAsync(static status => status.IsConverged && status.Problem is null);

    /// <summary>Waits until the status is as wanted.</summary>
    public async Task<BackendStatus> WaitAsync(Func<BackendStatus, bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (true)
        {
            BackendStatus status = Network.Status;
            if (isWanted(status)) return status;
            if (timeout.IsCancellationRequested) throw new TimeoutException($"The status stayed {status}; {string.Join("; ", status.PeerProblems)}");
            await Task.Delay(2, CancellationToken.None);
        }
    }

    /// <summary>Waits until the host shows what is wanted.</summary>
    public async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            if (timeout.IsCancellationRequested) throw new TimeoutException($"It did not happen; the status is {Network.Status}");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    /// <summary>Waits until a command prints a line that contains a text, or no more such line.</summary>
    public Task UntilShownAsync(string text, string program, params string[] arguments) =>
        EventuallyAsync(async () => (await Host.ExecAsync(program, arguments)).Contains(text, StringComparison.Ordinal));

    public Task UntilGoneAsync(string text, string program, params string[] arguments) =>
        EventuallyAsync(async () => !(await Host.ExecAsync(program, arguments)).Contains(text, StringComparison.Ordinal));

    public async Task<string[]> LinesAsync(string program, params string[] arguments) =>
        [.. (await Host.ExecAsync(program, arguments)).Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0)];

    public async ValueTask DisposeAsync() => await Network.DisposeAsync();
}
