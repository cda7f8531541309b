using System.Net;
using System.Net.Sockets;

namespace Flannel.Linux.Tests.Hosts;

/// <summary>What a router of IPv6 tells all hosts of a link (RFC 4861, section 4.2).</summary>
internal static class RouterAdvertisement
{
    // Type 134, code 0, the checksum that the kernel fills in, hop limit 64, no flags, a router for 1,800 s, nothing else said.
    private static readonly byte[] Message = [134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly IPAddress AllNodes = IPAddress.Parse("ff02::1");

    /// <summary>Sends one from the calling thread's namespace.</summary>
    /// <param name="router">The link-local address that hosts take for their router.</param>
    /// <param name="linkIndex">The device that leads to them.</param>
    public static void Send(IPAddress router, int linkIndex)
    {
        using var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6);
        socket.Bind(new IPEndPoint(new IPAddress(router.GetAddressBytes(), linkIndex), 0));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, linkIndex);
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, 255); // else hosts ignore it
        socket.SendTo(Message, new IPEndPoint(new IPAddress(AllNodes.GetAddressBytes(), linkIndex), 0));
    }
}
