using System.Runtime.InteropServices;
using System.Text;
using Flannel.Backends.Udp.Interop;
using static Flannel.Backends.Udp.Interop.LinuxIfTun;

namespace Flannel.Backends.Udp.Tun;

/// <summary>
/// An open TUN device: what is read from it are the packets that the kernel routes to it, what is written to it the kernel takes as received. It
/// lives as long as it is open; closing it takes its addresses and routes along.
/// </summary>
internal sealed unsafe class TunDevice : IDisposable
{
    private const string ControlPath = "/dev/net/tun";

    /// <summary>The kernel puts the first free number in; the names are flannel's.</summary>
    private const string NamePattern = "flannel%d";

    private const uint TcpSegmentation = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

    /// <summary>The kernel takes both or none.</summary>
    private const uint UdpSegmentation = TUN_F_USO4 | TUN_F_USO6;

    private TunDevice(IReadOnlyList<SafeFileDescriptor> queues, string name, UdpOffloads offloads, bool hasVirtioHeader)
    {
        Queues = queues;
        Name = name;
        Offloads = offloads;
        HasVirtioHeader = hasVirtioHeader;
    }

    /// <summary>
    /// The queues of packets. The kernel keeps to one queue for the packets of a flow, and prefers the one that the flow's answers were written to.
    /// </summary>
    public IReadOnlyList<SafeFileDescriptor> Queues { get; }

    /// <summary>The device's name when it was opened.</summary>
    public string Name { get; }

    /// <summary>Which of the off-loads that concern the device the kernel agreed to.</summary>
    public UdpOffloads Offloads { get; }

    /// <summary>Whether a <c>virtio_net_hdr</c> comes before each packet.</summary>
    public bool HasVirtioHeader { get; }

    /// <summary>Opens a new device in the calling thread's network namespace. It is down, without an address.</summary>
    /// <param name="wanted">The off-loads that may be used.</param>
    /// <param name="queueCount">How many queues it should have.</param>
    /// <exception cref="MissingCapabilityException">The process lacks CAP_NET_ADMIN.</exception>
    /// <exception cref="TunDeviceException">The host has no TUN devices, or refuses one.</exception>
    public static TunDevice Open(UdpOffloads wanted, int queueCount = 1)
    {
        const UdpOffloads Concerned =
            UdpOffloads.TunTcp | UdpOffloads.TunUdp | UdpOffloads.WriteTcp | UdpOffloads.WriteUdp;
        UdpOffloads offloads = wanted & Concerned;
        if ((offloads & UdpOffloads.TunTcp) == 0) offloads &= ~UdpOffloads.TunUdp;
        if ((offloads & UdpOffloads.WriteTcp) == 0) offloads &= ~UdpOffloads.WriteUdp;

        var queues = new List<SafeFileDescriptor>();
        try
        {
            SafeFileDescriptor first = OpenControl(queues);

            // Headers cannot be had later, and a kernel that has none says so before it makes a device.
            uint features = 0;
            if (Libc.ioctl(first, TUNGETFEATURES, &features) < 0 || (features & (uint)IFF_VNET_HDR) == 0) offloads = UdpOffloads.None;
            var flags = (short)(IFF_TUN | IFF_NO_PI | (offloads == UdpOffloads.None ? 0 : IFF_VNET_HDR) | (queueCount > 1 ? IFF_MULTI_QUEUE : 0));
            string name = Attach(first, NamePattern, flags);
            offloads = Negotiate(first, offloads);
            while (queues.Count < queueCount) Attach(OpenControl(queues), name, flags);
            return new TunDevice(queues, name, offloads, (flags & IFF_VNET_HDR) != 0);
        }
        catch
        {
            foreach (SafeFileDescriptor queue in queues) queue.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (SafeFileDescriptor queue in Queues) queue.Dispose();
    }

    private static SafeFileDescriptor OpenControl(List<SafeFileDescriptor> queues)
    {
        SafeFileDescriptor handle = Libc.open(ControlPath, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        int errno = Marshal.GetLastPInvokeError();
        queues.Add(handle);
        return handle.IsInvalid ? throw RefusedControl(errno) : handle;
    }

    /// <summary>Makes a device of a name that is free, or one more queue of a device that is there.</summary>
    /// <returns>The device's name.</returns>
    private static string Attach(SafeFileDescriptor queue, string name, short flags)
    {
        ifreq request = default;
        Encoding.ASCII.GetBytes(name, new Span<byte>(request.ifr_name, IFNAMSIZ));
        request.ifr_flags = flags;
        if (Libc.ioctl(queue, TUNSETIFF, &request) < 0) throw RefusedDevice(Marshal.GetLastPInvokeError());
        return Marshal.PtrToStringUTF8((nint)request.ifr_name)!;
    }

    /// <summary>Asks the kernel for off-loads, fewer and fewer, until it agrees.</summary>
    private static UdpOffloads Negotiate(SafeFileDescriptor handle, UdpOffloads offloads)
    {
        if (offloads == UdpOffloads.None) return offloads;

        // A kernel that does not hand UDP super-packets over (before 6.2) does not take them either, which it would say of a packet only.
        bool hasUdp = Libc.ioctl(handle, TUNSETOFFLOAD, TcpSegmentation | UdpSegmentation) == 0;
        if (!hasUdp) offloads &= ~(UdpOffloads.TunUdp | UdpOffloads.WriteUdp);
        nuint wanted = (offloads & (UdpOffloads.TunTcp | UdpOffloads.TunUdp)) switch
        {
            UdpOffloads.None => 0,
            UdpOffloads.TunTcp => TcpSegmentation,
            _ => TcpSegmentation | UdpSegmentation,
        };
        if (Libc.ioctl(handle, TUNSETOFFLOAD, wanted) == 0) return offloads;
        Libc.ioctl(handle, TUNSETOFFLOAD, (nuint)0);
        return offloads & ~(UdpOffloads.TunTcp | UdpOffloads.TunUdp);
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
