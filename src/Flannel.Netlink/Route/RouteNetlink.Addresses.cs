using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Addresses;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route;

public sealed partial class RouteNetlink
{
    /// <summary>Lists addresses.</summary>
    /// <param name="family">IPv4, IPv6, or both when unspecified.</param>
    /// <param name="linkIndex">Only addresses of this device; of all devices when 0.</param>
    /// <returns>The addresses, device by device; none when the device does not exist.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<InterfaceAddress> GetAddresses(AddressFamily family = AddressFamily.Unspecified, int linkIndex = 0)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        NetlinkMessageParser<InterfaceAddress> parser = _socket.IsStrict || linkIndex == 0
            ? AddressCodec.TryRead
            : (NetlinkMessage message, [MaybeNullWhen(false)] out InterfaceAddress address) =>
                AddressCodec.TryRead(message, out address) && address.LinkIndex == linkIndex;
        return DumpOrEmpty(buffer[..AddressCodec.WriteDumpRequest(buffer, Families.ToKernel(family), linkIndex)], parser);
    }

    /// <summary>Lists the addresses of a device in another namespace (kernel 4.20).</summary>
    /// <param name="linkIndex">Index of the device there.</param>
    /// <param name="namespaceId">
    /// The number that the socket's namespace has for it, as <see cref="Links.Link.ParentNamespaceId"/> of a veth tells.
    /// </param>
    /// <returns>The addresses; none when there is no such device.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer; EINVAL when there is no such namespace any more.</exception>
    public IReadOnlyList<InterfaceAddress> GetAddresses(int linkIndex, int namespaceId)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return DumpOrEmpty<InterfaceAddress>(buffer[..AddressCodec.WriteDumpRequest(buffer, 0, linkIndex, namespaceId)], AddressCodec.TryRead);
    }

    /// <summary>Adds an address.</summary>
    /// <param name="address">The address; for IPv6 set <see cref="AddressFlags.NoDad"/> to have it work at once.</param>
    /// <exception cref="NetlinkException">The kernel refused; <see cref="NetlinkException.IsAlreadyExists"/> when the device has it.</exception>
    public void AddAddress(InterfaceAddress address)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..AddressCodec.Write(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address)]);
    }

    /// <summary>Adds an address, or changes flags and scope of the one that is there.</summary>
    /// <param name="address">The address.</param>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public void ReplaceAddress(InterfaceAddress address)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        _socket.Execute(buffer[..AddressCodec.Write(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address)]);
    }

    /// <summary>Deletes an address.</summary>
    /// <param name="address">Identified by device, address and prefix length.</param>
    /// <returns>False when the device does not have it.</returns>
    /// <exception cref="NetlinkException">The kernel refused.</exception>
    public bool DeleteAddress(InterfaceAddress address)
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..AddressCodec.Write(buffer, RTM_DELADDR, 0, address)]);
    }

    /// <summary>A filter that names a device or table the kernel does not have is refused by it; nothing matches such a filter.</summary>
    private List<T> DumpOrEmpty<T>(Span<byte> request, NetlinkMessageParser<T> parser)
    {
        try
        {
            return _socket.Dump(request, parser);
        }
        catch (NetlinkException e) when (e.IsNotFound)
        {
            return [];
        }
    }
}
