using Flannel;
using Microsoft.Extensions.DependencyInjection;

var services = new ServiceCollection();
services.AddFlannel()
    .UseInMemoryStore("""{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }""")
    .UseVxlan();
await using ServiceProvider provider = services.BuildServiceProvider();

var node = provider.GetRequiredService<IFlannelNode>();
await node.StartAsync(); // a generic host does this by itself
await node.WaitForReadyAsync(TimeSpan.FromSeconds(30));
Console.WriteLine($"{node.Lease.Subnet} over {node.ExternalInterface.Name}, MTU {node.Mtu}");
await node.StopAsync(StopMode.Remove);
