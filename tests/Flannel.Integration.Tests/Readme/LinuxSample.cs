using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel.Integration.Tests.Readme;

/// <summary>What the README of Flannel.Linux shows.</summary>
internal static class LinuxSample
{
    public static void Run(string name)
    {
        #region namespaces
        using NetworkNamespace host = NetworkNamespace.Create(name);
        try
        {
            // A socket belongs to the namespace it was opened in; use it from any thread afterwards.
            using RouteNetlink netlink = host.Run(() => RouteNetlink.Open());
            foreach (Link link in netlink.GetLinks())
                Console.WriteLine($"{link.Name}, MTU {link.Mtu}");

            host.Run(() => NetworkSysctl.Write("ipv4/ip_forward", "1"));
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
        #endregion
    }
}
