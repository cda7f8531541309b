using Flannel.Benchmarks.Labs;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Benchmarks.Overlays;

/// <summary>Our VXLAN backend with its default options in a host's namespace, without a node around it.</summary>
internal sealed class BackendUnderTest : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly IBackendNetwork _network;

    private BackendUnderTest(ServiceProvider services, IBackendNetwork network) => (_services, _network) = (services, network);

    /// <summary>Creates or adopts the device, with no peers yet.</summary>
    public static async Task<BackendUnderTest> StartAsync(LabHost host, CancellationToken cancellationToken, bool isGuarded = true)
    {
        var services = new ServiceCollection();
        services.AddFlannel("bench").UseVxlan();
        ServiceProvider provider = services.BuildServiceProvider();
        IBackend backend = provider.GetKeyedServices<IBackend>("bench").Single();
        IBackendNetwork network = await backend.CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "bench",
                Config = NetworkConfig.Parse(Peer.NetworkConfig, "the bench"),
                NetworkNamespace = host.Name,
                Guard = new GuardOptions { Enabled = isGuarded },
                ExternalInterface = new ExternalInterface
                {
                    Name = LabHost.ExternalInterface,
                    Index = host.Device(LabHost.ExternalInterface).Index,
                    Mtu = 1500,
                    Address = LabHost.LoneAddress,
                    PublicIP = LabHost.LoneAddress,
                },
            },
            cancellationToken);
        await network.StartAsync(new Lease { Key = Peer.OwnKey, Attributes = network.Attributes }, cancellationToken);
        return new BackendUnderTest(provider, network);
    }

    /// <summary>How many entries of the kernel have been written or removed since the start, by the backend's own account.</summary>
    public long Writes => ((KernelNetwork)_network).Writes;

    /// <summary>Replaces the peers and waits until the kernel has followed.</summary>
    /// <exception cref="BenchException">A peer could not be programmed.</exception>
    public async Task SetPeersAsync(IReadOnlyList<Lease> peers, CancellationToken cancellationToken)
    {
        _network.SetPeers(peers);
        await foreach (BackendStatus status in _network.WatchAsync(cancellationToken))
        {
            if (!status.IsConverged) continue;
            if (status.PeerProblems.IsEmpty && status.Problem is null) return;
            throw new BenchException($"The VXLAN backend has trouble: {status.Problem} {string.Join("; ", status.PeerProblems.Take(3))}");
        }
    }

    /// <summary>Ends the backend. The kernel keeps what it has.</summary>
    public async ValueTask DisposeAsync()
    {
        await _network.DisposeAsync();
        await _services.DisposeAsync();
    }
}
