using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>linux/filter.h and linux/bpf_common.h: classic BPF, as <c>SO_ATTACH_FILTER</c> takes it.</summary>
internal static class LinuxFilter
{
    internal const ushort BPF_LD = 0x00;
    internal const ushort BPF_JMP = 0x05;
    internal const ushort BPF_RET = 0x06;
    internal const ushort BPF_W = 0x00;
    internal const ushort BPF_ABS = 0x20;
    internal const ushort BPF_JEQ = 0x10;
    internal const ushort BPF_K = 0x00;
}

/// <summary>struct sock_filter: one instruction.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct sock_filter
{
    public ushort code;
    public byte jt;
    public byte jf;
    public uint k;
}

/// <summary>struct sock_fprog: a program.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct sock_fprog
{
    public ushort len;
    public sock_filter* filter;
}
