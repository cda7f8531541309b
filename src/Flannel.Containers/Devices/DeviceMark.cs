using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;
using Flannel.Containers.Addresses;
using Flannel.Netlink.Route.Links;

namespace Flannel.Containers.Devices;

/// <summary>
/// How the host's ends of containers are named and recognised: a name made of the owner, and a note on the device that says whose it is and whether
/// it is finished.
/// </summary>
/// <param name="Owner">Whose it is.</param>
/// <param name="Data">A digest of what was asked for; <see langword="null"/> until all of it is there.</param>
internal sealed record DeviceMark(Owner Owner, string? Data)
{
    private const string Prefix = "flannel";
    private const string Unfinished = "-";

    /// <summary>
    /// The container's namespace as <c>/proc</c> shows it, for example <c>net:[4026531840]</c>; <see langword="null"/> until all is there.
    /// </summary>
    public string? Namespace => Data?.Split('.') is [_, var number] ? $"net:[{number}]" : null;

    public static string NameOf(string network, Owner owner) =>
        "veth" + Convert.ToHexStringLower(Hash($"{network}\0{owner.ContainerId}\0{owner.InterfaceName}"), 0, 4);

    /// <summary>The bridge's note, which says that it was made here.</summary>
    public static string OfBridge(string network) => $"{Prefix}:{network}";

    public static DeviceMark? Read(string network, Link link)
    {
        string[] parts = link.Alias?.Split(':', 5) ?? [];
        return link.Kind == "veth" && parts.Length == 5 && parts[0] == Prefix && parts[1] == network
            ? new DeviceMark(new Owner(parts[4], parts[2]), parts[3] == Unfinished ? null : parts[3])
            : null;
    }

    /// <summary>A digest of what was asked for, and the namespace's number.</summary>
    public static string DataOf(string networkNamespace, IEnumerable<string> parts) =>
        $"{Convert.ToHexStringLower(Hash(string.Join('\0', parts)), 0, 4)}.{networkNamespace.Trim("net:[]".ToCharArray())}";

    /// <summary>
    /// The address in the container: one IP address, one link-layer address, so that what neighbours remember stays right when it goes to another
    /// container.
    /// </summary>
    public static PhysicalAddress MacOf(IPAddress address) => new([0x0a, 0x58, .. address.GetAddressBytes()[^4..]]);

    /// <summary>The address of the host's end.</summary>
    public static PhysicalAddress HostMacOf(string device)
    {
        Span<byte> mac = stackalloc byte[6];
        BinaryPrimitives.WriteUInt32BigEndian(mac[2..], BinaryPrimitives.ReadUInt32BigEndian(Hash(device)));
        (mac[0], mac[1]) = (0x0e, 0x58);
        return new PhysicalAddress(mac.ToArray());
    }

    public string Write(string network) => $"{Prefix}:{network}:{Owner.InterfaceName}:{Data ?? Unfinished}:{Owner.ContainerId}";

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
