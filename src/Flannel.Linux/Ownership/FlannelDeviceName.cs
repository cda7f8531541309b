namespace Flannel.Linux.Ownership;

/// <summary>The names that flannel gives its devices, and the kind of device that goes with each.</summary>
internal static class FlannelDeviceName
{
    /// <summary>The kind of the udp backend's devices.</summary>
    public const string Tun = "tun";

    /// <summary>The kind of device that goes with a name, or <see langword="null"/> for a name that no backend gives.</summary>
    public static string? KindOf(string device) => device switch
    {
        _ when IsProbe(device) => "vxlan",
        "flannel.ipip" => "ipip",
        "flannel-wg" or "flannel-wg-v6" => "wireguard",
        _ when IsNumbered(device, "flannel.") || IsNumbered(device, "flannel-v6.") => "vxlan",
        _ when IsNumbered(device, "flannel") => Tun,
        _ => null,
    };

    /// <summary>Whether a device of this name lives for a moment only, while the vxlan backend finds out whether it can have a port.</summary>
    public static bool IsProbe(string device) => device is "flannel-probe" or "flannel-probe6";

    private static bool IsNumbered(string device, string prefix) =>
        device.Length > prefix.Length && device.StartsWith(prefix, StringComparison.Ordinal)
        && !device.AsSpan(prefix.Length).ContainsAnyExceptInRange('0', '9');
}
