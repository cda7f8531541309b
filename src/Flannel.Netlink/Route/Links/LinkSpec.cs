using System.Net.NetworkInformation;
using System.Text;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Route.Links;

/// <summary>A device to create, in the namespace of the socket: what all kinds have in common. Null leaves a choice to the kernel.</summary>
public abstract record LinkSpec
{
    private protected LinkSpec(string name)
    {
        ValidateName(name);
        Name = name;
    }

    /// <summary>Interface name, 1 to 15 bytes.</summary>
    public string Name { get; }

    /// <summary>The kernel's word for this kind of device.</summary>
    public abstract string Kind { get; }

    /// <summary>MTU in bytes.</summary>
    public int? Mtu { get; init; }

    /// <summary>
    /// Link-layer address. Set one where it matters: a random one chosen by the kernel may be replaced by a network manager (systemd 242).
    /// </summary>
    public PhysicalAddress? Address { get; init; }

    /// <summary>Length of the transmit queue in packets.</summary>
    public int? TxQueueLength { get; init; }

    /// <summary>Index of the bridge, bond or VRF to join.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>Whether to set the device up at once; down by default. Of a veth pair only this end is set up.</summary>
    public bool IsUp { get; init; }

    internal static bool IsValidName(string name) =>
        Encoding.UTF8.GetByteCount(name) < LinuxIf.IFNAMSIZ && name is not ("" or "." or "..")
        && !name.AsSpan().ContainsAny('/', ':') && !name.Any(char.IsWhiteSpace);

    internal static void ValidateName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!IsValidName(name))
        {
            throw new ArgumentException(
                $"'{name}' is not an interface name: it needs 1 to {LinuxIf.IFNAMSIZ - 1} bytes without white space, '/' and ':'.", nameof(name));
        }
    }
}
