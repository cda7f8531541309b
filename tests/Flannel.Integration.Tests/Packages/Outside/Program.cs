using Flannel;
using Microsoft.Extensions.DependencyInjection;

var store = new InMemoryLeaseStore("""{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }""");
var services = new ServiceCollection();
foreach (string host in args) // the hosts are network namespaces, named as 'ip netns' names them
    services.AddFlannel(host, o => o.NetworkNamespace = host).UseInMemoryStore(store).UseVxlan();
await using ServiceProvider provider = services.BuildServiceProvider();
IFlannelNode[] nodes = [.. args.Select(host => provider.GetRequiredKeyedService<IFlannelNode>(host))];
foreach (IFlannelNode node in nodes) await node.StartAsync();
foreach (IFlannelNode node in nodes)
    await node.WatchAsync().FirstAsync(now => now is { State: FlannelNodeState.Ready, IsConverged: true } && now.Peers.Count == nodes.Length - 1);
foreach (IFlannelNode node in nodes)
    Console.WriteLine($"{node.Name}: {node.Lease.Subnet}, peers: {string.Join(", ", node.Peers.Select(peer => peer.Lease.Subnet))}");
Console.ReadLine(); // until then the overlay is kept up
