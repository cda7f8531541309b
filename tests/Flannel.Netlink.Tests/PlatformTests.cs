using System.Reflection;
using System.Runtime.Versioning;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Netlink.Tests;

/// <summary>What says that it needs Linux: what calls the kernel, and no plain data, which programs that run anywhere may hold.</summary>
public class PlatformTests
{
    [Fact]
    public void Linux_IsAskedForByWhatCallsTheKernelOnly()
    {
        Assembly assembly = typeof(NetlinkSocket).Assembly;
        Type[] marked = [.. assembly.GetExportedTypes().Where(static type => type.IsDefined(typeof(SupportedOSPlatformAttribute)))];

        Assert.False(assembly.IsDefined(typeof(SupportedOSPlatformAttribute)));
        Assert.Equal(
            new[] { typeof(NetlinkSocket), typeof(NftablesMonitor), typeof(NftablesNetlink), typeof(RouteMonitor), typeof(RouteNetlink) }.Select(
                static type => type.Name),
            marked.Select(static type => type.Name).Order(StringComparer.Ordinal));
    }
}
