using KubernetesOperator;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

HostApplicationBuilder builder = Host.CreateApplicationBuilder(args);
builder.Services.AddFlannel(options => options.IpMasq = true)
    .UseKubernetes(options => options.ConfigMap = "overlay/net-conf") // in a pod nothing else is needed: its service account, and its Node by NODE_NAME
    .UseVxlan()
    .UseHostGateway()
    .UseTrafficRules();
builder.Services.AddHostedService<Operator>();
await builder.Build().RunAsync();
