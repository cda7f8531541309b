using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Backends.Vxlan shows.</summary>
internal static class VxlanSample
{
    public static void Register(IServiceCollection services)
    {
        #region vxlan
        var store = new InMemoryLeaseStore("""
            {
              "Network": "10.5.0.0/16",
              "Backend": { "Type": "vxlan", "VNI": 7, "Port": 8472, "DirectRouting": true }
            }
            """);

        services.AddFlannel().UseInMemoryStore(store).UseVxlan(o => o.NexthopThreshold = 1000);
        #endregion
    }
}
