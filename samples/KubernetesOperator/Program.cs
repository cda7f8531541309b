using KubernetesOperator;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddFlannel(options => options.IpMasq = true)
    // in a pod nothing else is needed: its service account, and its Node by NODE_NAME
    .UseKubernetes(options => options.ConfigMap = "overlay/net-conf")
    .UseVxlan()
    .UseHostGateway()
    .UseTrafficRules();
builder.Services.AddHostedService<Operator>();
await builder.Build().RunAsync();
