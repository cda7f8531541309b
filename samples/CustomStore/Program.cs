using CustomStore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// One host of a network whose leases are in a file: start it on every host that shares the file. With a second argument, in that network namespace.
string file = args.FirstOrDefault() ?? "/var/lib/flannel/leases.json";
var store = new JsonFileLeaseStore(file, TimeSpan.FromSeconds(1));
if (!File.Exists(file)) await store.SetConfigAsync("""{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""", CancellationToken.None);

HostApplicationBuilder builder = Host.CreateApplicationBuilder();
builder.Services.AddFlannel(options => options.NetworkNamespace = args.ElementAtOrDefault(1)).UseStore(store).UseVxlan();
await builder.Build().RunAsync();
