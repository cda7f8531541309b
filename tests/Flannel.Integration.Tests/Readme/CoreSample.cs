using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Core shows.</summary>
internal static class CoreSample
{
    public static void Register(IServiceCollection services)
    {
        #region networks
        NetworkConfig config =
            NetworkConfig.Parse("""{ "Network": "10.5.0.0/16", "SubnetLen": 24, "Backend": { "Type": "vxlan" } }""", "network.json");
        var store = new InMemoryLeaseStore(config); // shared by every node of the network in this process

        services.AddFlannel("host-1", o => o.NetworkNamespace = "host-1").UseInMemoryStore(store).UseVxlan();
        services.AddFlannel("host-2", o => o.NetworkNamespace = "host-2").UseInMemoryStore(store).UseVxlan();
        #endregion
    }

    public static async Task WatchAsync(IServiceProvider provider, CancellationToken cancellationToken)
    {
        #region watching
        var node = provider.GetRequiredKeyedService<IFlannelNode>("host-1");
        await foreach (FlannelNodeStatus status in node.WatchAsync(cancellationToken))
            Console.WriteLine($"{status.State}: {status.Peers.Count} peers, {status.Quarantined.Count} refused. {status.Reason}");
        #endregion
    }
}
