using System.Globalization;

namespace Flannel.Linux.Interop;

/// <summary>linux/capability.h, and the mask that proc(5) shows of the calling thread.</summary>
internal static class LinuxCapability
{
    internal const int CAP_NET_ADMIN = 12;
    internal const int CAP_SYS_ADMIN = 21;

    private const string EffectiveLine = "CapEff:";

    /// <summary>Whether the calling thread has the capability in its own user namespace.</summary>
    internal static bool IsEffective(int capability) => (ReadEffective() >> capability & 1) != 0;

    private static ulong ReadEffective()
    {
        foreach (string line in File.ReadLines("/proc/thread-self/status"))
        {
            if (line.StartsWith(EffectiveLine, StringComparison.Ordinal))
                return ulong.Parse(line.AsSpan(EffectiveLine.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }

        return 0;
    }
}
