using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Interop;

/// <summary>linux/virtio_net.h: what a TUN device with IFF_VNET_HDR puts before each packet.</summary>
internal static class LinuxVirtioNet
{
    internal const byte VIRTIO_NET_HDR_F_NEEDS_CSUM = 1;
    internal const byte VIRTIO_NET_HDR_F_DATA_VALID = 2;

    internal const byte VIRTIO_NET_HDR_GSO_NONE = 0;
    internal const byte VIRTIO_NET_HDR_GSO_TCPV4 = 1;
    internal const byte VIRTIO_NET_HDR_GSO_UDP = 3;
    internal const byte VIRTIO_NET_HDR_GSO_TCPV6 = 4;
    internal const byte VIRTIO_NET_HDR_GSO_UDP_L4 = 5;
    internal const byte VIRTIO_NET_HDR_GSO_ECN = 0x80;

    /// <summary>Ten bytes in the byte order of the host, unless the device was told otherwise.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    internal struct virtio_net_hdr
    {
        public byte flags;
        public byte gso_type;
        public ushort hdr_len;
        public ushort gso_size;
        public ushort csum_start;
        public ushort csum_offset;
    }
}
