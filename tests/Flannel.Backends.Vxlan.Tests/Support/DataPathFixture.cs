using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Vxlan.Tests.Support;

/// <summary>The network of one host with a wide range, where a test counts what is written.</summary>
internal sealed class DataPathFixture : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly NetworkLab _lab;

    private DataPathFixture(NetworkLab lab, KernelNetwork network) => (_lab, Network) = (lab, network);

    public LabHost Host => _lab.Hosts[0];

    public KernelNetwork Network { get; }

    public static async Task<DataPathFixture> StartAsync(int nexthopThreshold, TimeSpan resyncInterval)
    {
        NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        var options = new VxlanBackendOptions { NexthopThreshold = nexthopThreshold };
        var network = (KernelNetwork)await VxlanNode.NewBackend(options).CreateNetworkAsync(
            new BackendContext
            {
                NetworkName = "test",
                Config = NetworkConfig.Parse("""{"Network":"10.0.0.0/8","SubnetLen":24,"Backend":{"Type":"vxlan"}}""", "test"),
                ExternalInterface = lab.Hosts[0].External,
                NetworkNamespace = lab.Hosts[0].NamespaceName,
                ResyncInterval = resyncInterval,
            },
            CancellationToken.None);
        var lease = new Lease { Key = new SubnetKey(IPNetwork.Parse("10.5.1.0/24"), null), Attributes = network.Attributes };
        await network.StartAsync(lease, CancellationToken.None);
        return new DataPathFixture(lab, network);
    }

    /// <summary>Peers with subnets from 10.6.0.0/24 on.</summary>
    public static Lease[] PeersOf(int count) => [.. Enumerable.Range(256, count).Select(number => VxlanCluster.PeerOf(number))];

    public Task WaitForConvergenceAsync() => WaitAsync(static network => network.Status.IsConverged);

    public async Task WaitAsync(Func<KernelNetwork, bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (!isWanted(Network))
        {
            if (timeout.IsCancellationRequested)
                throw new TimeoutException($"The network stayed at {Network.Status}, {Network.Writes} writes, {Network.Resyncs} comparisons");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        await _lab.DisposeAsync();
    }
}
