using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Backends.HostGateway shows.</summary>
internal static class HostGatewaySample
{
    public static void Register(IServiceCollection services)
    {
        #region hostgateway
        var store = new InMemoryLeaseStore("""
            {
              "Network": "10.5.0.0/16", "EnableIPv6": true, "IPv6Network": "fd00:5::/48",
              "Backend": { "Type": "host-gw" }
            }
            """);

        services.AddFlannel(o => o.ExternalInterface.Name = "eth0").UseInMemoryStore(store).UseHostGateway();
        #endregion
    }
}
