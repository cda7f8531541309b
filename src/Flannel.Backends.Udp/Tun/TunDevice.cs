using System.Runtime.InteropServices;
using System.Text;
using Flannel.Backends.Udp.Interop;
using Flannel.Core.Diagnostics;
using static Flannel.Backends.Udp.Interop.LinuxIfTun;

namespace Flannel.Backends.Udp.Tun;

/// <summary>
/// An open TUN device: what is read from it are the packets that the kernel routes to it, what is written to it the kernel takes as received. It lives
/// as long as it is open; closing it takes its addresses and routes along.
/// </summary>
internal sealed unsafe class TunDevice : IDisposable
{
    private const string ControlPath = "/dev/net/tun";

    /// <summary>The kernel puts the first free number in; the names are flannel's.</summary>
    private const string NamePattern = "flannel%d";

    private const uint TcpOffloads = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

    /// <summary>The kernel takes both or none.</summary>
    private const uint UdpOffloads = TUN_F_USO4 | TUN_F_USO6;

    private TunDevice(SafeFileDescriptor handle, string name, UdpOffloads offloads)
    {
        Handle = handle;
        Name = name;
        Offloads = offloads;
    }

    /// <summary>The queue of packets.</summary>
    public SafeFileDescriptor Handle { get; }

    /// <summary>The device's name when it was opened.</summary>
    public string Name { get; }

    /// <summary>Which of the off-loads that concern the device the kernel agreed to.</summary>
    public UdpOffloads Offloads { get; }

    /// <summary>Whether a <c>virtio_net_hdr</c> comes before each packet.</summary>
    public bool HasVirtioHeader => Offloads != Udp.UdpOffloads.None;

    /// <summary>Opens a new device in the calling thread's network namespace. It is down, without an address.</summary>
    /// <param name="wanted">The off-loads that may be used.</param>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="TunDeviceException">The host has no TUN devices, or refuses one.</exception>
    public static TunDevice Open(UdpOffloads wanted)
    {
        const UdpOffloads Concerned =
            Udp.UdpOffloads.TunTcp | Udp.UdpOffloads.TunUdp | Udp.UdpOffloads.WriteTcp | Udp.UdpOffloads.WriteUdp;
        UdpOffloads offloads = wanted & Concerned;
        if ((offloads & Udp.UdpOffloads.TunTcp) == 0) offloads &= ~Udp.UdpOffloads.TunUdp;
        if ((offloads & Udp.UdpOffloads.WriteTcp) == 0) offloads &= ~Udp.UdpOffloads.WriteUdp;

        SafeFileDescriptor handle = Libc.open(ControlPath, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        try
        {
            if (handle.IsInvalid) throw RefusedControl(Marshal.GetLastPInvokeError());

            // Headers cannot be had later, and a kernel that has none says so before it makes a device.
            uint features = 0;
            if (Libc.ioctl(handle, TUNGETFEATURES, &features) < 0 || (features & (uint)IFF_VNET_HDR) == 0) offloads = Udp.UdpOffloads.None;
            string name = Create(handle, offloads != Udp.UdpOffloads.None);
            return new TunDevice(handle, name, Negotiate(handle, offloads));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    public void Dispose() => Handle.Dispose();

    private static string Create(SafeFileDescriptor handle, bool hasVirtioHeader)
    {
        ifreq request = default;
        Encoding.ASCII.GetBytes(NamePattern, new Span<byte>(request.ifr_name, IFNAMSIZ));
        request.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | (hasVirtioHeader ? IFF_VNET_HDR : 0));
        if (Libc.ioctl(handle, TUNSETIFF, &request) < 0) throw RefusedDevice(Marshal.GetLastPInvokeError());
        return Marshal.PtrToStringUTF8((nint)request.ifr_name)!;
    }

    /// <summary>Asks for what the kernel shall leave to us, less and less, until it agrees.</summary>
    private static UdpOffloads Negotiate(SafeFileDescriptor handle, UdpOffloads offloads)
    {
        if (offloads == Udp.UdpOffloads.None) return offloads;

        // A kernel that does not hand UDP super-packets over (before 6.2) does not take them either, which it would say of a packet only.
        bool hasUdp = Libc.ioctl(handle, TUNSETOFFLOAD, TcpOffloads | UdpOffloads) == 0;
        if (!hasUdp) offloads &= ~(Udp.UdpOffloads.TunUdp | Udp.UdpOffloads.WriteUdp);
        nuint wanted = (offloads & (Udp.UdpOffloads.TunTcp | Udp.UdpOffloads.TunUdp)) switch
        {
            Udp.UdpOffloads.None => 0,
            Udp.UdpOffloads.TunTcp => TcpOffloads,
            _ => TcpOffloads | UdpOffloads,
        };
        if (Libc.ioctl(handle, TUNSETOFFLOAD, wanted) == 0) return offloads;
        Libc.ioctl(handle, TUNSETOFFLOAD, (nuint)0);
        return offloads & ~(Udp.UdpOffloads.TunTcp | Udp.UdpOffloads.TunUdp);
    }

    internal static TunDeviceException RefusedControl(int errno) => errno switch
    {
        LinuxErrno.ENOENT or LinuxErrno.ENODEV or LinuxErrno.ENXIO => new TunDeviceException(
            $"The udp backend needs {ControlPath}, which this host does not have (errno {errno}). Load the module (modprobe tun); " +
            $"in a container, pass the device in (--device {ControlPath})."),
        LinuxErrno.EACCES or LinuxErrno.EPERM => new TunDeviceException(
            $"The udp backend needs {ControlPath}, which this process may not open (errno {errno}). Give it read and write access to the device; " +
            $"in a container, pass the device in (--device {ControlPath})."),
        _ => new TunDeviceException($"{ControlPath} cannot be opened (errno {errno})."),
    };

    internal static FlannelException RefusedDevice(int errno) => errno switch
    {
        LinuxErrno.EPERM => new MissingCapabilityException("CAP_NET_ADMIN", "Creating a TUN device"),
        LinuxErrno.EBUSY => new TunDeviceException($"The kernel has no name like {NamePattern} left for a TUN device.", isTransient: true),
        _ => new TunDeviceException($"The kernel refuses to create a TUN device (errno {errno}).", isTransient: errno == LinuxErrno.ENOMEM),
    };
}
