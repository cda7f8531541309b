using System.Diagnostics.CodeAnalysis;
using System.Net;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxIfAddr;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Addresses;

/// <summary>Addresses as bytes. Every writer returns the length of the message.</summary>
internal static class AddressCodec
{
    internal static int WriteDumpRequest(Span<byte> buffer, byte family, int linkIndex, int? namespaceId = null)
    {
        var writer = new NetlinkMessageWriter(buffer, RTM_GETADDR, 0);
        writer.Write(new ifaddrmsg { ifa_family = family, ifa_index = (uint)linkIndex });
        if (namespaceId is { } id)
            writer.WriteInt32(IFA_TARGET_NETNSID, id);
        return writer.Complete();
    }

    internal static int Write(Span<byte> buffer, ushort type, ushort flags, InterfaceAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        byte family = Families.ToKernel(address.Address);
        ArgumentOutOfRangeException.ThrowIfNegative(address.PrefixLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(address.PrefixLength, Families.AddressBits(family));
        var writer = new NetlinkMessageWriter(buffer, type, flags);
        writer.Write(new ifaddrmsg
        {
            ifa_family = family,
            ifa_prefixlen = (byte)address.PrefixLength,
            ifa_flags = unchecked((byte)address.Flags),
            ifa_scope = (byte)address.Scope,
            ifa_index = (uint)address.LinkIndex,
        });
        writer.WriteAddress(IFA_LOCAL, address.Address);
        writer.WriteAddress(IFA_ADDRESS, address.Peer ?? address.Address);
        if (address.Broadcast is not null)
            writer.WriteAddress(IFA_BROADCAST, address.Broadcast);
        if (address.Label is not null)
            writer.WriteString(IFA_LABEL, address.Label);
        if ((uint)address.Flags > byte.MaxValue)
            writer.WriteUInt32(IFA_FLAGS, (uint)address.Flags);
        return writer.Complete();
    }

    /// <returns>False for families other than IPv4 and IPv6.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, [MaybeNullWhen(false)] out InterfaceAddress address)
    {
        address = null;
        ifaddrmsg header = message.Read<ifaddrmsg>(out NetlinkAttributeReader attributes);
        if (header.ifa_family is not (Libc.AF_INET or Libc.AF_INET6))
            return false;
        uint flags = header.ifa_flags;
        IPAddress? local = null, other = null, broadcast = null;
        string? label = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case IFA_LOCAL: local = attributes.ReadAddress(); break;
                case IFA_ADDRESS: other = attributes.ReadAddress(); break;
                case IFA_BROADCAST: broadcast = attributes.ReadAddress(); break;
                case IFA_LABEL: label = attributes.ReadString(); break;
                case IFA_FLAGS: flags = attributes.ReadUInt32(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        if ((local ?? other) is not { } own)
            throw NetlinkException.Malformed("address message", "it holds no address");
        address = new InterfaceAddress
        {
            LinkIndex = (int)header.ifa_index,
            Address = own,
            PrefixLength = header.ifa_prefixlen,
            // IFA_ADDRESS is the other end where IFA_LOCAL differs from it, and the address itself otherwise.
            Peer = local is null || other is null || other.Equals(local) ? null : other,
            Broadcast = broadcast,
            Label = label,
            Scope = (RouteScope)header.ifa_scope,
            Flags = (AddressFlags)flags,
        };
        return true;
    }
}
