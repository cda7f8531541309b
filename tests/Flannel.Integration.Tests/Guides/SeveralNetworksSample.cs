using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Flannel.Integration.Tests.Guides;

/// <summary>What docs/guides/several-networks.md shows.</summary>
internal static class SeveralNetworksSample
{
    public static void Compose(HostApplicationBuilder builder)
    {
        #region compose
        builder.Services.AddFlannel("red", options => options.SubnetFile = "/run/flannel/red.env")
            .UseEtcd(options => options.Prefix = "/networks/red").UseVxlan();
        builder.Services.AddFlannel("blue", builder.Configuration.GetSection("Blue"))
            .UseEtcd(builder.Configuration.GetSection("Blue:Etcd")).UseVxlan();
        #endregion
    }

    public static async Task MakeAsync(IServiceProvider services, string tenant, CancellationToken cancellationToken)
    {
        #region make
        var networks = services.GetRequiredService<IFlannelNetworks>(); // from AddFlannel() or AddFlannelNetworks()
        IFlannelNode node = await networks.CreateAsync(tenant, network => network
            .Configure(options => options.SubnetFile = $"/run/flannel/{tenant}.env")
            .UseEtcd(options => options.Prefix = $"/networks/{tenant}")
            .UseVxlan(), cancellationToken);
        await node.WaitForReadyAsync(TimeSpan.FromSeconds(30), cancellationToken);
        Console.WriteLine($"{node.Name}: {node.Status}");
        #endregion
    }

    public static async Task RemoveAsync(IFlannelNetworks networks, string tenant, CancellationToken cancellationToken)
    {
        #region remove
        foreach (IFlannelNode node in networks.All) Console.WriteLine(node.Name);
        await networks.RemoveAsync(tenant, StopMode.Remove, cancellationToken); // devices, routes, rules, files and the lease
        #endregion
    }

    public static void Test(IServiceCollection services)
    {
        #region test
        services.AddFlannel("red").UseInMemoryStore("""{ "Network": "10.5.0.0/16", "Backend": { "Type": "alloc" } }""").UseAlloc();
        #endregion
    }
}
