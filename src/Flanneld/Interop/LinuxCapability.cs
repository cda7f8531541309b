using System.Runtime.InteropServices;

namespace Flanneld.Interop;

/// <summary>linux/capability.h</summary>
internal static class LinuxCapability
{
    internal const int CAP_DAC_READ_SEARCH = 2;
    internal const int CAP_NET_BIND_SERVICE = 10;
    internal const int CAP_NET_ADMIN = 12;
    internal const int CAP_NET_RAW = 13;

    internal const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;
}

/// <summary>Which thread, and how wide the sets are.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_header_struct
{
    public uint version;
    public int pid;
}

/// <summary>32 capabilities; a call takes two of these, the lower ones first.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct __user_cap_data_struct
{
    public uint effective;
    public uint permitted;
    public uint inheritable;
}
