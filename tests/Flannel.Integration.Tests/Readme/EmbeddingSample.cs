using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What README.md shows.</summary>
internal static class EmbeddingSample
{
    public static async Task<Lease> RunAsync(ServiceCollection services, CancellationToken cancellationToken)
    {
        #region embedding
        var store = new InMemoryLeaseStore("""{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }""");
        services.AddFlannel(o => o.ExternalInterface.Name = "eth0").UseInMemoryStore(store).UseVxlan();
        await using ServiceProvider provider = services.BuildServiceProvider();

        var node = provider.GetRequiredService<IFlannelNode>();
        await node.StartAsync(cancellationToken); // a generic host does this by itself
        await node.WaitForReadyAsync(cancellationToken);
        Console.WriteLine($"{node.Lease.Subnet} over {node.ExternalInterface.Name}, MTU {node.Mtu}");
        #endregion
        return node.Lease;
    }
}
