using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Vxlan.Tests.Support;

/// <summary>One host's VXLAN network, started with a lease of its own.</summary>
internal sealed class VxlanNode : IAsyncDisposable
{
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
                ExternalInterface = external ?? host.External,
                NetworkNamespace = host.NamespaceName,
                PreviousAttributes = previous,
            },
            CancellationToken.None);

    public static VxlanBackend NewBackend(VxlanBackendOptions? options = null) =>
        new(options ?? new VxlanBackendOptions(), new KernelServices(TimeProvider.System, new Random(Random.Shared.Next()), NullLogger.Instance));

    public Task WaitForConvergenceAsync() => WaitAsync(static status => status.IsConverged && status.Problem is null);

    /// <summary>Waits until the status is as wanted.</summary>
    public Task<BackendStatus> WaitAsync(Func<BackendStatus, bool> isWanted) => Network.WaitAsync(isWanted);

    /// <summary>Waits until the host shows what is wanted.</summary>
    public Task EventuallyAsync(Func<Task<bool>> condition) => Network.EventuallyAsync(condition);

    /// <summary>Waits until a command prints a line that contains a text, or no more such line.</summary>
    public Task UntilShownAsync(string text, string program, params string[] arguments) =>
        EventuallyAsync(async () => (await Host.ExecAsync(program, arguments)).Contains(text, StringComparison.Ordinal));

    public Task UntilGoneAsync(string text, string program, params string[] arguments) =>
        EventuallyAsync(async () => !(await Host.ExecAsync(program, arguments)).Contains(text, StringComparison.Ordinal));

    public async Task<string[]> LinesAsync(string program, params string[] arguments) =>
        [.. (await Host.ExecAsync(program, arguments)).Split('\n').Select(static line => line.Trim()).Where(static line => line.Length > 0)];

    public async ValueTask DisposeAsync() => await Network.DisposeAsync();
}
