using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using System.Threading.Channels;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route.Monitoring;

/// <summary>
/// Tells what changes in one network namespace, the one of the thread that opened it. The kernel keeps notifications from <see cref="Open"/> on,
/// so a consumer that opens a monitor, lists everything and then watches misses nothing.
/// </summary>
/// <remarks>
/// From the first <see cref="WatchAsync"/> on, a separate thread reads the socket, so that the kernel's buffer is emptied even while the consumer
/// is busy. Notifications lost on the way become one <see cref="Resynchronise"/>: nothing is lost in silence. <see cref="Open"/> starts no
/// thread, because a thread is born into the namespace of its creator, and so would be the threads of the pool that it wakes.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class RouteMonitor : IDisposable
{
    private readonly NetlinkSocket _socket;
    private readonly CancellablePoll _poll = new();
    private readonly Channel<RouteNotification> _channel;
    private readonly Thread _thread;
    private int _lost; // 1 when notifications were dropped that no queued Resynchronise covers
    private int _watched; // 1 while somebody enumerates
    private readonly Lock _lifetime = new();
    private bool _isListening; // under _lifetime
    private bool _isDisposed; // under _lifetime

    private RouteMonitor(RouteMonitorOptions options)
    {
        _channel = Channel.CreateBounded<RouteNotification>(new BoundedChannelOptions(options.Capacity)
        {
            FullMode = BoundedChannelFullMode.Wait,
            SingleWriter = true,
            AllowSynchronousContinuations = false,
        });
        try
        {
            _socket = NetlinkSocket.Open(NetlinkProtocol.Route, new NetlinkSocketOptions
            {
                Groups = ToGroupNumbers(options.Groups),
                ReceiveBufferSize = options.ReceiveBufferSize,
            });
            if (options.IgnoredPortId is { } portId)
                _socket.Ignore(portId);
        }
        catch
        {
            _socket?.Dispose();
            _poll.Dispose();
            throw;
        }

        _thread = new Thread(Listen, maxStackSize: 256 * 1024) { IsBackground = true, Name = "rtnetlink monitor" };
    }

    /// <summary>Joins the groups in the calling thread's network namespace.</summary>
    /// <param name="options">What to listen to; null for everything.</param>
    /// <returns>The monitor.</returns>
    /// <exception cref="NetlinkException">The kernel refused the socket or a group.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Capacity, buffer size or port id is not positive.</exception>
    public static RouteMonitor Open(RouteMonitorOptions? options = null)
    {
        options ??= new RouteMonitorOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Capacity);
        ArgumentOutOfRangeException.ThrowIfZero(options.IgnoredPortId ?? uint.MaxValue, nameof(options.IgnoredPortId));
        return new RouteMonitor(options);
    }

    /// <summary>
    /// Yields notifications in the kernel's order until the monitor is disposed. Only one enumeration may run at a time; a later one goes on
    /// where the earlier one stopped.
    /// </summary>
    /// <param name="cancellationToken">Ends the enumeration, not the monitor.</param>
    /// <returns>The notifications since <see cref="Open"/>.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="InvalidOperationException">Another enumeration is running.</exception>
    /// <exception cref="NetlinkException">The socket failed; open a new monitor.</exception>
    public async IAsyncEnumerable<RouteNotification> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _watched, 1) != 0)
            throw new InvalidOperationException("This monitor is being watched already; open one monitor per consumer.");
        try
        {
            StartListening();
            ChannelReader<RouteNotification> reader = _channel.Reader;
            do
            {
                while (TryTake(reader, out RouteNotification? notification))
                {
                    yield return notification;
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }
            while (await reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false));
        }
        finally
        {
            Volatile.Write(ref _watched, 0);
        }
    }

    /// <summary>Stops listening, ends a running enumeration and waits for the thread to end.</summary>
    public void Dispose()
    {
        lock (_lifetime)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        _poll.Cancel();
        if (_isListening)
            _thread.Join();
        else
            _channel.Writer.TryComplete();
        _socket.Dispose();
        _poll.Dispose();
    }

    private void StartListening()
    {
        lock (_lifetime)
        {
            if (_isListening || _isDisposed)
                return;
            _thread.Start();
            _isListening = true;
        }
    }

    private bool TryTake(ChannelReader<RouteNotification> reader, [NotNullWhen(true)] out RouteNotification? notification)
    {
        if (Interlocked.Exchange(ref _lost, 0) == 0)
            return reader.TryRead(out notification);

        // What is queued is older than the loss, and older than the listing the consumer is about to make.
        while (reader.TryRead(out _))
        {
        }

        notification = new Resynchronise();
        return true;
    }

    private void Listen()
    {
        Exception? failure = null;
        try
        {
            while (_poll.Wait(_socket.Handle))
                ReceiveOne();
        }
        catch (NetlinkException e)
        {
            failure = e; // handed to the consumer, whose enumeration throws it
        }
        finally
        {
            _channel.Writer.TryComplete(failure);
        }
    }

    private void ReceiveOne()
    {
        int errno = _socket.TryReceive(Libc.MSG_DONTWAIT, out ReadOnlySpan<byte> datagram);
        switch (errno)
        {
            case 0:
                Publish(datagram);
                break;
            case LinuxErrno.EAGAIN:
                break;
            case LinuxErrno.ENOBUFS or LinuxErrno.EMSGSIZE:
                DiscardBacklog();
                Publish(new Resynchronise());
                break;
            default:
                throw new NetlinkException("receive rtnetlink notifications", errno);
        }
    }

    /// <summary>
    /// What is still queued is older than the loss; delivered after the consumer's new listing it would contradict it. One buffer's worth is
    /// enough to get past it, and ends the loop even while new notifications keep coming.
    /// </summary>
    private void DiscardBacklog()
    {
        for (long discarded = 0; discarded < _socket.ReceiveBufferSize;)
        {
            int errno = _socket.TryReceive(Libc.MSG_DONTWAIT, out ReadOnlySpan<byte> datagram);
            if (errno is not (0 or LinuxErrno.ENOBUFS or LinuxErrno.EMSGSIZE))
                return;
            discarded += datagram.Length;
        }
    }

    private void Publish(ReadOnlySpan<byte> datagram)
    {
        try
        {
            var messages = new NetlinkMessageReader(datagram);
            while (messages.MoveNext())
            {
                if (Read(messages.Current) is { } notification)
                    Publish(notification);
            }

            messages.EnsureValid();
        }
        catch (NetlinkException)
        {
            Publish(new Resynchronise()); // something changed that cannot be read
        }
    }

    private void Publish(RouteNotification notification)
    {
        if (_channel.Writer.TryWrite(notification))
            return;
        Volatile.Write(ref _lost, 1);

        // If the consumer emptied the channel just now it may be waiting without having seen the mark: this wakes it. If the channel is still
        // full it has something to read, and sees the mark with it.
        _channel.Writer.TryWrite(new Resynchronise());
    }

    /// <returns>Null for messages that are none of the kinds listened to.</returns>
    private static RouteNotification? Read(NetlinkMessage message)
    {
        uint port = message.PortId;
        return message.Type switch
        {
            RTM_NEWLINK when LinkCodec.TryRead(message, out Link? link) => new LinkChanged(link) { PortId = port },
            RTM_DELLINK when LinkCodec.TryRead(message, out Link? link) => new LinkRemoved(link) { PortId = port },
            RTM_NEWADDR when AddressCodec.TryRead(message, out InterfaceAddress? address) => new AddressChanged(address) { PortId = port },
            RTM_DELADDR when AddressCodec.TryRead(message, out InterfaceAddress? address) => new AddressRemoved(address) { PortId = port },
            RTM_NEWROUTE when RouteCodec.TryRead(message, out RouteEntry? route) => new RouteChanged(route) { PortId = port },
            RTM_DELROUTE when RouteCodec.TryRead(message, out RouteEntry? route) => new RouteRemoved(route) { PortId = port },
            RTM_NEWNEXTHOP when NexthopCodec.TryRead(message, out Nexthop nexthop) => new NexthopChanged(nexthop) { PortId = port },
            RTM_DELNEXTHOP when NexthopCodec.TryRead(message, out Nexthop nexthop) => new NexthopRemoved(nexthop) { PortId = port },
            RTM_NEWNEIGH when NeighbourCodec.TryRead(message, out Neighbour neighbour) => new NeighbourChanged(neighbour) { PortId = port },
            RTM_DELNEIGH when NeighbourCodec.TryRead(message, out Neighbour neighbour) => new NeighbourRemoved(neighbour) { PortId = port },
            RTM_NEWNEIGH when FdbCodec.TryRead(message, out FdbEntry entry) => new FdbChanged(entry) { PortId = port },
            RTM_DELNEIGH when FdbCodec.TryRead(message, out FdbEntry entry) => new FdbRemoved(entry) { PortId = port },
            _ => null,
        };
    }

    private static List<uint> ToGroupNumbers(RouteMonitorGroups groups)
    {
        (RouteMonitorGroups Group, uint Number)[] known =
        [
            (RouteMonitorGroups.Links, RTNLGRP_LINK),
            (RouteMonitorGroups.IPv4Addresses, RTNLGRP_IPV4_IFADDR),
            (RouteMonitorGroups.IPv6Addresses, RTNLGRP_IPV6_IFADDR),
            (RouteMonitorGroups.IPv4Routes, RTNLGRP_IPV4_ROUTE),
            (RouteMonitorGroups.IPv6Routes, RTNLGRP_IPV6_ROUTE),
            (RouteMonitorGroups.Neighbours, RTNLGRP_NEIGH),
            (RouteMonitorGroups.Nexthops, RTNLGRP_NEXTHOP),
        ];
        return [.. known.Where(item => (groups & item.Group) != 0).Select(item => item.Number)];
    }
}
