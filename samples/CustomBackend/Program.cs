using CustomBackend;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

// One host of a network whose configuration in etcd says "Backend":{"Type":"static-routes"}: start it on every host.
HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddFlannel(options => options.SubnetFile = "/run/flannel/subnet.env")
    .UseEtcd(options => options.Endpoints = [args.FirstOrDefault() ?? "http://127.0.0.1:2379"])
    .UseStaticRoutes();
await builder.Build().RunAsync();
