using System.Net;
using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the guide to administration shows.</summary>
internal static class AdministrationSample
{
    public static void Register(IServiceCollection services)
    {
        #region registering
        services.AddFlannelAdministration().UseEtcd(o => o.Endpoints = ["http://127.0.0.1:2379"]);
        services.AddFlannelAdministration("blue").UseEtcd(o => o.Prefix = "/blue/network"); // another network: resolved by its name
        #endregion
    }

    public static async Task ConfigureAsync(IFlannelAdministration network)
    {
        #region configuring
        var vxlan = new VxlanBackendConfig { Vni = 7, DirectRouting = true };
        var config = new NetworkConfig { Network = IPNetwork.Parse("10.5.0.0/16"), Backend = vxlan.ToJson() };
        await network.SetConfigAsync(config, new ConfigWriteOptions { ExpectedRevision = 0 }); // only if there is none

        await network.UpdateConfigAsync(c => c with { SubnetMin = IPAddress.Parse("10.5.16.0") });
        #endregion
    }

    public static async Task ManageLeasesAsync(IFlannelAdministration network)
    {
        #region leases
        SubnetKey subnet = SubnetKey.Parse("10.5.52.0-24");
        await network.ReserveAsync(subnet, new LeaseAttributes { PublicIP = IPAddress.Parse("192.168.64.3") });

        foreach (StoredLease lease in await network.ListLeasesAsync(withTimeLeft: true))
        {
            Console.WriteLine(lease); // key, holder, time left, and why nodes refuse it if they do
            if (lease.Attributes?.PublicIP?.Equals(IPAddress.Parse("192.168.64.9")) == true)
                await network.RevokeAsync(lease);
        }
        #endregion
    }

    public static async Task WatchAsync(IFlannelObserver observer, CancellationToken cancellationToken)
    {
        #region observing
        await foreach (NetworkEvent item in observer.WatchAsync(cancellationToken))
        {
            string line = item switch
            {
                NetworkSnapshot all => $"{all.Leases.Count} leases, {all.Config}",
                StoredLeaseChange change => $"{change.Kind} {change.After ?? change.Before}",
                StoredConfigChange change => $"configuration: {change.After}",
                StoreReachability store => store.Error?.Message ?? "the store answers again",
                _ => "",
            };
            Console.WriteLine(line);
        }
        #endregion
    }

    public static async Task WatchPeersAsync(IFlannelNode node, CancellationToken cancellationToken)
    {
        #region peers
        await foreach (PeerChange change in node.WatchPeersAsync(cancellationToken))
            Console.WriteLine($"{change.Kind} {change.Subnets}: {change.Before?.Attributes.PublicIP} -> {change.After?.Attributes.PublicIP}");
        #endregion
    }
}
