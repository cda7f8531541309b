using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.Hosts;

/// <summary>Whether the calling thread's namespace forwards packets between its interfaces.</summary>
[SupportedOSPlatform("linux")]
internal static class HostForwarding
{
    /// <summary>Looks, and turns it on if asked to.</summary>
    /// <param name="config">Which address families the network has.</param>
    /// <param name="enable">Whether to turn on what is off.</param>
    public static ForwardingStatus Check(NetworkConfig config, bool enable)
    {
        string[] problems =
        [
            .. (config.EnableIPv4 ? new[] { AddressFamily.InterNetwork } : []).Concat(config.EnableIPv6 ? [AddressFamily.InterNetworkV6] : [])
                .Select(family => Problem(family, enable)).OfType<string>(),
        ];
        return new ForwardingStatus(problems.Length == 0 ? null : string.Join("; ", problems));
    }

    private static string? Problem(AddressFamily family, bool enable)
    {
        SysctlResult found = NetworkSysctl.Read(PacketForwarding.KeyOf(family));
        // What cannot be read is nobody's problem here: IPv6 may be off, and whoever needs it says so.
        if (!found.IsOk || found.Value != "0") return null;
        SysctlResult? written = enable ? PacketForwarding.Enable(family) : null;
        if (written is { IsOk: true, Value: not "0" }) return null;
        string advice = $"turn it on with sysctl -w {found.Key}=1" + (
            enable ? "" : ", or have the node do it (FlannelOptions.EnableForwarding; flanneld: -enable-forwarding)");
        return $"this host forwards no packets ({written?.ToString() ?? found.ToString()}), so containers reach no other host; " +
            $"{(family == AddressFamily.InterNetworkV6 ? KeepAdvertised() : "")}{advice}";
    }

    private static string KeepAdvertised() => string.Concat(PacketForwarding.FindAdvertised().Select(static link =>
        $"first keep the default route that routers advertise to {link} with sysctl -w net.ipv6.conf.{link.Replace('.', '/')}.accept_ra=2, then "));
}
