using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args); // --Flannel:SubnetFile=/run/flannel/subnet.env, or an appsettings.json
IFlannelBuilder node = builder.Services.AddFlannel(builder.Configuration.GetSection("Flannel"))
    .UseVxlan().UseUdp().UseHostGateway().UseTrafficRules();

IConfigurationSection etcd = builder.Configuration.GetSection("Etcd"); // --Etcd:Endpoints:0=http://10.0.0.1:2379
if (etcd.Exists()) node.UseEtcd(etcd);
else node.UseInMemoryStore(builder.Configuration["Network"] ?? """{ "Network": "10.5.0.0/16", "Backend": { "Type": "vxlan" } }""");

await builder.Build().RunAsync();
