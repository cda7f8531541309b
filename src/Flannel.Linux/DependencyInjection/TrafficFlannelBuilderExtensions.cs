using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Linux.Traffic;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the traffic rules.</summary>
public static class TrafficFlannelBuilderExtensions
{
    /// <summary>
    /// Lets the network masquerade and forward: rules in nftables or in iptables, as the network configuration's <c>EnableNFTables</c> or the option
    /// <c>Traffic.Filter</c> says. Linux is needed when the node starts, and for iptables its programs (Debian: <c>iptables</c>).
    /// </summary>
    /// <param name="builder">The network.</param>
    public static IFlannelBuilder UseTrafficRules(this IFlannelBuilder builder)
    {
        builder.UseLinux();

        // On other systems the host's network, which is asked first, says that Linux is needed.
        return OperatingSystem.IsLinux() ? builder.UseTrafficRules(CreateNftablesRules).UseTrafficRules(CreateIptablesRules) : builder;
    }

    [SupportedOSPlatform("linux")]
    private static NftablesRules CreateNftablesRules(IServiceProvider provider, string network) => new(CreateKeeper(provider));

    [SupportedOSPlatform("linux")]
    private static IptablesRules CreateIptablesRules(IServiceProvider provider, string network) =>
        new(CreateRunner(provider), CreateKeeper(provider));

    [SupportedOSPlatform("linux")]
    private static ProgramRunner CreateRunner(IServiceProvider provider) => new(ProgramRunner.DefaultSearchPath, provider.GetTime());

    /// <summary>A host application need not register logging.</summary>
    [SupportedOSPlatform("linux")]
    private static RuleReconciler CreateKeeper(IServiceProvider provider) =>
        new(provider.GetTime(), provider.GetLogger<RuleReconciler>());
}
