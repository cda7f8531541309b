using System.Net;
using System.Net.Sockets;
using Flannel.Backends.Vxlan.DataPath;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Backends.Vxlan.Entries;
using Flannel.Core.Leases;
using Flannel.Core.Reconciliation;
using Flannel.Linux.Hosts;
using Flannel.Testing.Namespaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Backends.Vxlan.Tests.Support;

/// <summary>The IPv4 data path of one host, where a test needs to see what the reconciler does.</summary>
internal sealed class DataPathFixture : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private readonly NetworkLab _lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
    private readonly HostKernel _host;

    public DataPathFixture(int nexthopThreshold, TimeSpan resyncInterval)
    {
        Host = _lab.Hosts[0];
        _host = new HostKernel(Host.NamespaceName);
        var spec = new VxlanDeviceSpec
        {
            Family = AddressFamily.InterNetwork,
            Name = "flannel.1",
            Network = IPNetwork.Parse("10.0.0.0/8"),
            SubnetLength = 24,
            Config = new VxlanNetworkConfig(),
            UplinkName = "eth0",
            UplinkIndex = Host.Device("eth0").Index,
            PublicAddress = Host.Address!,
            InterfaceAddress = Host.Address!,
        };
        DataPath = new VxlanDataPath(spec, null, nexthopThreshold, resyncInterval, _host, TimeProvider.System, new Random(1), NullLogger.Instance);
        DataPath.Prepare();
        DataPath.Start(IPAddress.Parse("10.5.1.0"), static () => { });
    }

    public LabHost Host { get; }

    public VxlanDataPath DataPath { get; }

    /// <summary>Peers with subnets from 10.6.0.0/24 on.</summary>
    public static Lease[] PeersOf(int count) => [.. Enumerable.Range(256, count).Select(number => VxlanCluster.PeerOf(number))];

    public async Task<ReconcilerStatus<VxlanEntryKey>> WaitAsync(Func<ReconcilerStatus<VxlanEntryKey>, bool> isWanted)
    {
        using var timeout = new CancellationTokenSource(Deadline);
        while (true)
        {
            ReconcilerStatus<VxlanEntryKey> status = DataPath.Reconciliation;
            if (isWanted(status)) return status;
            if (timeout.IsCancellationRequested) throw new TimeoutException($"The reconciler stayed at {status}");
            await Task.Delay(10, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DataPath.DisposeAsync();
        _host.Dispose();
        await _lab.DisposeAsync();
    }
}
