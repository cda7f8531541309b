using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Route;

/// <summary>
/// rtnetlink: links, addresses, routes, nexthop objects, neighbours and forwarding databases of one network namespace, the one of the thread
/// that opened it.
/// </summary>
/// <remarks>
/// Thread-safe and synchronous: the kernel carries a request out inside the call, usually within microseconds. Changes need CAP_NET_ADMIN,
/// listing needs nothing. A deletion that finds nothing is no error: it returns false.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed partial class RouteNetlink : IDisposable
{
    private const int MaximumRequestSize = RouteBatch.MaximumRequestSize;

    private readonly NetlinkSocket _socket;
    private readonly RouteRequestFormatter _formatter;

    private RouteNetlink(NetlinkSocketOptions options)
    {
        _formatter = new RouteRequestFormatter(NameOfLink);
        _socket = NetlinkSocket.Open(NetlinkProtocol.Route, options with { Describe = _formatter.Format });
    }

    /// <summary>Port id of the socket; notifications of a <c>RouteMonitor</c> carry it where the kernel tells who caused a change.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>
    /// Opens a socket in the network namespace that the calling thread is in at this moment. The socket stays there: it may be used from any thread
    /// afterwards, whatever namespace that one is in. For another namespace, open it on a thread that has entered that one; the package Flannel.Linux
    /// does so (<c>NetworkNamespace.OpenRouteNetlink</c>).
    /// </summary>
    /// <param name="options">Timeout and buffer; null for the defaults. Its <see cref="NetlinkSocketOptions.Describe"/> is not used.</param>
    /// <returns>The open client.</returns>
    /// <exception cref="NetlinkException">The kernel refused the socket.</exception>
    public static RouteNetlink Open(NetlinkSocketOptions? options = null) => new(options ?? new NetlinkSocketOptions());

    /// <summary>Carries out the requests of a batch in few system calls, in order. A refused request does not stop those behind it.</summary>
    /// <param name="batch">The requests; unchanged by this, so it can be executed again.</param>
    /// <returns>
    /// The refused requests by the index their method of <see cref="RouteBatch"/> returned; empty when all succeeded. As with the single
    /// requests, a deletion that found nothing is no error.
    /// </returns>
    /// <exception cref="NetlinkException">Requests could not be sent or were not answered; what was done is then unknown.</exception>
    /// <exception cref="ObjectDisposedException">The client is closed.</exception>
    public IReadOnlyDictionary<int, NetlinkException> Execute(RouteBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        IReadOnlyDictionary<int, NetlinkException> refused = ExecuteHeld(batch);
        if (refused.Count == 0 || batch.DeletionCount == 0)
            return refused;
        return refused
            .Where(refusal => !(FoundNothing(refusal.Value) && batch.IsDeletion(refusal.Key)))
            .ToDictionary(refusal => refusal.Key, refusal => refusal.Value);
    }

    /// <summary>Keeps handles open while their numbers stand in requests.</summary>
    private IReadOnlyDictionary<int, NetlinkException> ExecuteHeld(RouteBatch batch)
    {
        int held = 0;
        try
        {
            foreach (SafeHandle handle in batch.Handles)
            {
                bool isHeld = false;
                handle.DangerousAddRef(ref isHeld);
                held++;
            }

            return _socket.ExecuteBatch(batch.Messages);
        }
        finally
        {
            foreach (SafeHandle handle in batch.Handles.Take(held))
                handle.DangerousRelease();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <returns>False when the object was not there.</returns>
    private bool Delete(Span<byte> request)
    {
        try
        {
            _socket.Execute(request);
            return true;
        }
        catch (NetlinkException e) when (FoundNothing(e))
        {
            return false;
        }
    }

    /// <summary>The kernel answers the deletion of an IPv4 route through a nexthop object that is gone, and the route with it, with EINVAL.</summary>
    private static bool FoundNothing(NetlinkException refusal) =>
        refusal.IsNotFound || refusal is { Errno: LinuxErrno.EINVAL, KernelMessage: "Nexthop id does not exist" };

    /// <summary>
    /// Asks by ioctl, because this is needed in the middle of a netlink exchange. The ioctl works on any socket, in the namespace of that socket.
    /// </summary>
    private unsafe string? NameOfLink(int index)
    {
        var request = new Libc.ifreq { ifr_ifindex = index };
        if (Libc.ioctl(_socket.Handle, Libc.SIOCGIFNAME, &request) < 0)
            return null;
        return Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(request.ifr_name));
    }
}
