using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.Sockets;

/// <summary>An address and port as the kernel takes and gives them: struct sockaddr_in or sockaddr_in6.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
internal unsafe struct SocketAddress
{
    /// <summary>Room for either form.</summary>
    public const int MaximumLength = 28;

    [FieldOffset(0)]
    private ushort _family;

    [FieldOffset(0)]
    private LinuxSocket.sockaddr_in _ipv4;

    [FieldOffset(0)]
    private LinuxSocket.sockaddr_in6 _ipv6;

    /// <summary>Writes an address down.</summary>
    /// <param name="address">IPv4 or IPv6; the zone of a link-local address is kept.</param>
    /// <param name="port">The UDP port in host order.</param>
    public SocketAddress(IPAddress address, int port)
    {
        Unsafe.SkipInit(out this);
        ushort networkPort = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness((ushort)port) : (ushort)port;
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            _ipv6 = new LinuxSocket.sockaddr_in6
            {
                sin6_family = LinuxSocket.AF_INET6,
                sin6_port = networkPort,
                sin6_scope_id = (uint)address.ScopeId,
            };
            fixed (byte* to = _ipv6.sin6_addr) address.TryWriteBytes(new Span<byte>(to, 16), out _);
        }
        else
        {
            _ipv4 = new LinuxSocket.sockaddr_in { sin_family = LinuxSocket.AF_INET, sin_port = networkPort };
            fixed (uint* to = &_ipv4.sin_addr) address.TryWriteBytes(new Span<byte>(to, 4), out _);
        }
    }

    /// <summary>Whether it is an IPv6 address.</summary>
    public readonly bool IsIPv6 => _family == LinuxSocket.AF_INET6;

    /// <summary>The length of the form in use, for <c>msg_namelen</c>.</summary>
    public readonly uint Length => (uint)(IsIPv6 ? sizeof(LinuxSocket.sockaddr_in6) : sizeof(LinuxSocket.sockaddr_in));

    /// <summary>The IPv4 address as it lies in memory.</summary>
    public readonly uint IPv4 => _ipv4.sin_addr;

    /// <summary>The IPv6 address as it lies in memory.</summary>
    public readonly UInt128 IPv6
    {
        get
        {
            fixed (byte* from = _ipv6.sin6_addr) return Unsafe.ReadUnaligned<UInt128>(from);
        }
    }

    /// <summary>Whether the host is the same; ports may differ, as they do behind a NAT or with flannel's other senders.</summary>
    public readonly bool IsSameHost(in SocketAddress other) =>
        _family == other._family && (IsIPv6 ? IPv6 == other.IPv6 : IPv4 == other.IPv4);

    /// <summary>Whether the host and the port are the same.</summary>
    public readonly bool IsSame(in SocketAddress other) => IsSameHost(other) && _ipv4.sin_port == other._ipv4.sin_port;

    /// <summary>The address without the port.</summary>
    public readonly IPAddress ToIPAddress()
    {
        if (!IsIPv6) return new IPAddress(IPv4);
        fixed (byte* from = _ipv6.sin6_addr) return new IPAddress(new ReadOnlySpan<byte>(from, 16));
    }

    public override readonly string ToString()
    {
        if (_family == 0) return "";
        fixed (SocketAddress* self = &this)
        {
            var address = IsIPv6 ? new IPAddress(new ReadOnlySpan<byte>(self->_ipv6.sin6_addr, 16)) : new IPAddress(_ipv4.sin_addr);
            ushort port = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(_ipv4.sin_port) : _ipv4.sin_port;
            return new IPEndPoint(address, port).ToString();
        }
    }
}
