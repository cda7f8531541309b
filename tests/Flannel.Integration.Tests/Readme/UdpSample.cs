using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Backends.Udp shows.</summary>
internal static class UdpSample
{
    public static void Register(IServiceCollection services)
    {
        #region udp
        var store = new InMemoryLeaseStore("""
            {
              "Network": "10.5.0.0/16",
              "Backend": { "Type": "udp", "Port": 8285 }
            }
            """);

        services.AddFlannel().UseInMemoryStore(store).UseUdp(o => o.Offloads &= ~UdpOffloads.TunUdp);
        #endregion
    }
}
