using System.Buffers.Binary;
using Flannel.Netlink.Interop;
using static Flannel.Netlink.Interop.LinuxFilter;

namespace Flannel.Netlink;

public sealed unsafe partial class NetlinkSocket
{
    private const uint PortIdOffset = 12; // of nlmsg_pid in nlmsghdr

    /// <summary>Has the kernel keep back notifications of changes that a certain socket made, before they wake anybody.</summary>
    /// <param name="portId">The other socket's <see cref="PortId"/>.</param>
    internal void Ignore(uint portId)
    {
        // BPF loads in network order; the field is in the machine's.
        uint loaded = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(portId) : portId;
        Span<sock_filter> instructions =
        [
            new() { code = BPF_LD | BPF_W | BPF_ABS, k = PortIdOffset },
            new() { code = BPF_JMP | BPF_JEQ | BPF_K, k = loaded, jt = 0, jf = 1 },
            new() { code = BPF_RET | BPF_K, k = 0 }, // keep back
            new() { code = BPF_RET | BPF_K, k = uint.MaxValue }, // deliver in full
        ];
        fixed (sock_filter* first = instructions)
        {
            var program = new sock_fprog { len = (ushort)instructions.Length, filter = first };
            ThrowIfFailed(
                Libc.setsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, &program, (uint)sizeof(sock_fprog)),
                $"ignore the changes of netlink port {portId}");
        }
    }
}
