using System.Net;
using Flannel.Backends.Udp.DataPath;
using Flannel.Extensibility;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>One host's UDP network, started with a lease of its own.</summary>
internal sealed class UdpNode : IAsyncDisposable
{
    private UdpNode(LabHost host, UdpNetwork network, Lease lease) => (Host, Network, Lease) = (host, network, lease);

    public LabHost Host { get; }

    public UdpNetwork Network { get; }

    public Lease Lease { get; }

    /// <summary>Where the packets of this network meet the host: the address on the TUN device.</summary>
    public IPAddress Address => Lease.Subnet!.Value.BaseAddress;

    public IPAddress AddressIPv6 => Lease.SubnetIPv6!.Value.BaseAddress;

    public UdpDataPath DataPath => Network.DataPath ?? throw new InvalidOperationException($"There is no data path: {Network.Status}");

    public string Device => DataPath.Device;

    public static async Task<UdpNode> StartAsync(
        LabHost host, int number, NetworkConfig config, UdpBackendOptions? options = null, ILogger<UdpBackend>? logger = null,
        GuardOptions? guard = null)
    {
        UdpNetwork created = await CreateAsync(host, config, options, logger: logger, guard: guard);
        try
        {
            var lease = new Lease
            {
                Key = UdpCluster.KeyOf(number, config.EnableIPv4, config.EnableIPv6),
                Attributes = created.Attributes,
                CreateRevision = number,
            };
            await created.StartAsync(lease, CancellationToken.None);
            return new UdpNode(host, created, lease);
        }
        catch
        {
            await created.DisposeAsync();
            throw;
        }
    }

    public static async Task<UdpNetwork> CreateAsync(
        LabHost host,
        NetworkConfig config,
        UdpBackendOptions? options = null,
        ExternalInterface? external = null,
        ILogger<UdpBackend>? logger = null,
        GuardOptions? guard = null) =>
        (UdpNetwork)await new UdpBackend(
            options ?? new UdpBackendOptions(), new KernelServices(TimeProvider.System, new Random(1), logger ?? NullLogger<UdpBackend>.Instance))
            .CreateNetworkAsync(
                new BackendContext
                {
                    NetworkName = "test",
                    Config = config,
                    ExternalInterface = external ?? host.External,
                    NetworkNamespace = host.NamespaceName,
                    Guard = guard ?? new GuardOptions(),
                },
                CancellationToken.None);

    public LabContainer AddContainer() => Host.AddContainer(Lease.Subnet, Lease.SubnetIPv6, mtu: Network.Status.Mtu);

    /// <summary>Waits until the status is as wanted.</summary>
    public Task<BackendStatus> WaitAsync(Func<BackendStatus, bool> isWanted) => Network.WaitAsync(isWanted);

    /// <summary>Waits until something is the case.</summary>
    public Task EventuallyAsync(Func<Task<bool>> condition) => Network.EventuallyAsync(condition);

    public Task EventuallyAsync(Func<bool> condition) => EventuallyAsync(() => Task.FromResult(condition()));

    public async ValueTask DisposeAsync() => await Network.DisposeAsync();
}
