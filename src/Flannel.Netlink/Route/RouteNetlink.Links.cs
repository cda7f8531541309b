using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Route.Links;

namespace Flannel.Netlink.Route;

public sealed partial class RouteNetlink
{
    /// <summary>Lists all devices.</summary>
    /// <returns>The devices, in the kernel's order.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public IReadOnlyList<Link> GetLinks()
    {
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return _socket.Dump<Link>(buffer[..LinkCodec.WriteDumpRequest(buffer)], LinkCodec.TryRead);
    }

    /// <summary>Finds a device by its index.</summary>
    /// <param name="index">Interface index.</param>
    /// <returns>The device, or null when there is none.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public Link? FindLink(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return FindLink(buffer[..LinkCodec.WriteFind(buffer, index)]);
    }

    /// <summary>Finds a device in another namespace.</summary>
    /// <param name="index">Interface index there.</param>
    /// <param name="namespaceId">The number that the socket's namespace has for it, as <see cref="Link.ParentNamespaceId"/> of a veth tells.</param>
    /// <returns>The device, or null when there is none.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer; EINVAL when there is no such namespace any more.</exception>
    public Link? FindLink(int index, int namespaceId)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return FindLink(buffer[..LinkCodec.WriteFind(buffer, index, namespaceId)]);
    }

    /// <summary>Finds a device by its name.</summary>
    /// <param name="name">Interface name.</param>
    /// <returns>The device, or null when there is none, which includes names no device can have.</returns>
    /// <exception cref="NetlinkException">The kernel refused or did not answer.</exception>
    public Link? FindLink(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (!LinkSpec.IsValidName(name))
            return null;
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return FindLink(buffer[..LinkCodec.WriteFind(buffer, name)]);
    }

    /// <summary>Creates a device.</summary>
    /// <param name="spec">What to create.</param>
    /// <returns>The device as the kernel made it.</returns>
    /// <exception cref="NetlinkException">
    /// The kernel refused: <see cref="NetlinkException.IsAlreadyExists"/> when the name is taken, or, for VXLAN, the VNI and port.
    /// </exception>
    public Link CreateLink(LinkSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        using (new HeldHandle((spec as VethLinkSpec)?.PeerNamespace))
        {
            Span<byte> buffer = stackalloc byte[MaximumRequestSize];
            _socket.Execute(buffer[..LinkCodec.WriteCreate(buffer, spec)]);
        }

        return FindLink(spec.Name)
            ?? throw new NetlinkException(
                $"RTM_GETLINK {spec.Name}", LinuxErrno.ENODEV, "it was created, and removed or renamed at once by another party");
    }

    /// <summary>Changes a device.</summary>
    /// <param name="index">Its interface index.</param>
    /// <param name="change">What to change.</param>
    /// <exception cref="NetlinkException">The kernel refused; <see cref="NetlinkException.IsNotFound"/> when there is no such device.</exception>
    public void ChangeLink(int index, LinkChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        if (change.Name is not null)
            LinkSpec.ValidateName(change.Name);
        using (new HeldHandle(change.Namespace))
        {
            Span<byte> buffer = stackalloc byte[MaximumRequestSize];
            _socket.Execute(buffer[..LinkCodec.WriteChange(buffer, index, change)]);
        }
    }

    /// <summary>Deletes a device, and with it its addresses, routes, neighbours and FDB entries.</summary>
    /// <param name="index">Its interface index.</param>
    /// <returns>False when there was no such device.</returns>
    /// <exception cref="NetlinkException">The kernel refused, for example because devices of this kind cannot be deleted.</exception>
    public bool DeleteLink(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        Span<byte> buffer = stackalloc byte[MaximumRequestSize];
        return Delete(buffer[..LinkCodec.WriteDelete(buffer, index)]);
    }

    private Link? FindLink(Span<byte> request)
    {
        try
        {
            return _socket.Query<Link>(request, LinkCodec.TryRead);
        }
        catch (NetlinkException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>Keeps a handle open while its number stands in a request.</summary>
    private readonly ref struct HeldHandle
    {
        private readonly SafeHandle? _handle;

        internal HeldHandle(SafeHandle? handle)
        {
            bool held = false;
            handle?.DangerousAddRef(ref held);
            _handle = handle;
        }

        public void Dispose() => _handle?.DangerousRelease();
    }
}
