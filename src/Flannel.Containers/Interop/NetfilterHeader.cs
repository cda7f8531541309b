using System.Runtime.InteropServices;

namespace Flannel.Containers.Interop;

/// <summary>Family header of every netfilter message: <c>struct nfgenmsg</c> of linux/netfilter/nfnetlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetfilterHeader
{
    public byte Family;
    public byte Version;
    public ushort ResourceId;
}
