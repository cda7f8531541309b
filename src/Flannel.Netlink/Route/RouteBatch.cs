using System.Runtime.InteropServices;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxRtnetlink;

namespace Flannel.Netlink.Route;

/// <summary>
/// Requests to be carried out together by <see cref="RouteNetlink.Execute"/>, in the order they were queued. Every method returns the index under
/// which a refusal of its request is reported.
/// </summary>
/// <remarks>Not thread-safe. The requests are encoded when queued, so a batch costs about 60 bytes per request and no objects.</remarks>
public sealed class RouteBatch
{
    /// <summary>Longest request; one with several hops is the longest in practice.</summary>
    internal const int MaximumRequestSize = 2048;

    private const int UsualRequestSize = 64;

    private byte[] _buffer;
    private int _length;
    private readonly List<int> _deletions = [];
    private readonly List<SafeHandle> _handles = [];

    /// <summary>Creates an empty batch.</summary>
    /// <param name="capacity">How many requests to make room for; there may be more.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or more than memory can hold.</exception>
    public RouteBatch(int capacity = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, (Array.MaxLength - (2 * MaximumRequestSize)) / UsualRequestSize);
        _buffer = new byte[(2 * MaximumRequestSize) + (capacity * UsualRequestSize)];
    }

    /// <summary>Requests queued.</summary>
    public int Count { get; private set; }

    /// <summary>Whose numbers stand in the requests.</summary>
    internal IReadOnlyList<SafeHandle> Handles => _handles;

    internal Span<byte> Messages => _buffer.AsSpan(0, _length);

    internal int DeletionCount => _deletions.Count;

    /// <summary>
    /// Queues <see cref="RouteNetlink.CreateLink"/>. The new device can be changed by its name behind it; namespaces that <paramref name="spec"/>
    /// names must stay open until the batch has been executed.
    /// </summary>
    /// <param name="spec">What to create.</param>
    /// <returns>Index of the request.</returns>
    public int CreateLink(LinkSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (spec is VethLinkSpec { PeerNamespace: { } peer })
            _handles.Add(peer);
        return Append(LinkCodec.WriteCreate(Reserve(), spec));
    }

    /// <summary>Queues <see cref="RouteNetlink.ChangeLink"/>.</summary>
    /// <param name="index">Interface index.</param>
    /// <param name="change">What to change; a namespace that it names must stay open until the batch has been executed.</param>
    /// <returns>Index of the request.</returns>
    public int ChangeLink(int index, LinkChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        Keep(change);
        return Append(LinkCodec.WriteChange(Reserve(), index, change));
    }

    /// <summary>Queues a change of the device that has this name when its turn comes.</summary>
    /// <param name="name">Interface name, which stays.</param>
    /// <param name="change">What to change; a namespace that it names must stay open until the batch has been executed.</param>
    /// <returns>Index of the request.</returns>
    public int ChangeLink(string name, LinkChange change)
    {
        ArgumentNullException.ThrowIfNull(change);
        LinkSpec.ValidateName(name);
        Keep(change);
        return Append(LinkCodec.WriteChange(Reserve(), name, change));
    }

    /// <summary>Queues <see cref="RouteNetlink.DeleteLink"/>.</summary>
    /// <param name="index">Interface index.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteLink(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(index);
        return AppendDeletion(LinkCodec.WriteDelete(Reserve(), index));
    }

    /// <summary>
    /// Queues the deletion of all devices of a group (<see cref="LinkChange.Group"/>). The kernel waits for its readers once for all of them, and not
    /// once for each.
    /// </summary>
    /// <param name="group">Number of the group, not 0.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteLinkGroup(uint group)
    {
        ArgumentOutOfRangeException.ThrowIfZero(group);
        return AppendDeletion(LinkCodec.WriteDeleteGroup(Reserve(), group));
    }

    /// <summary>Queues <see cref="RouteNetlink.ReplaceAddress"/>.</summary>
    /// <param name="address">The address.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceAddress(InterfaceAddress address) =>
        Append(AddressCodec.Write(Reserve(), RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address));

    /// <summary>Queues <see cref="RouteNetlink.DeleteAddress"/>.</summary>
    /// <param name="address">The address.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteAddress(InterfaceAddress address) => AppendDeletion(AddressCodec.Write(Reserve(), RTM_DELADDR, 0, address));

    /// <summary>Queues <see cref="RouteNetlink.AddRoute"/>.</summary>
    /// <param name="route">The route.</param>
    /// <returns>Index of the request.</returns>
    public int AddRoute(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Append(RouteCodec.WriteNew(Reserve(), NLM_F_CREATE | NLM_F_EXCL, route));
    }

    /// <summary>Queues <see cref="RouteNetlink.ReplaceRoute"/>.</summary>
    /// <param name="route">The route.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceRoute(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return Append(RouteCodec.WriteNew(Reserve(), NLM_F_CREATE | NLM_F_REPLACE, route));
    }

    /// <summary>Queues <see cref="RouteNetlink.DeleteRoute"/>.</summary>
    /// <param name="route">The route.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteRoute(RouteEntry route)
    {
        ArgumentNullException.ThrowIfNull(route);
        return AppendDeletion(RouteCodec.WriteDelete(Reserve(), route));
    }

    /// <summary>Queues <see cref="RouteNetlink.AddNexthop"/>.</summary>
    /// <param name="nexthop">The nexthop object.</param>
    /// <returns>Index of the request.</returns>
    public int AddNexthop(in Nexthop nexthop) => Append(NexthopCodec.WriteNew(Reserve(), NLM_F_CREATE | NLM_F_EXCL, nexthop));

    /// <summary>Queues <see cref="RouteNetlink.ReplaceNexthop"/>.</summary>
    /// <param name="nexthop">The nexthop object.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceNexthop(in Nexthop nexthop) => Append(NexthopCodec.WriteNew(Reserve(), NLM_F_CREATE | NLM_F_REPLACE, nexthop));

    /// <summary>Queues <see cref="RouteNetlink.DeleteNexthop"/>.</summary>
    /// <param name="id">Id of the nexthop object.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteNexthop(uint id) => AppendDeletion(NexthopCodec.WriteDelete(Reserve(), id));

    /// <summary>Queues <see cref="RouteNetlink.ReplaceNeighbour"/>.</summary>
    /// <param name="neighbour">The neighbour.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceNeighbour(in Neighbour neighbour) =>
        Append(NeighbourCodec.WriteNew(Reserve(), NLM_F_CREATE | NLM_F_REPLACE, neighbour));

    /// <summary>Queues <see cref="RouteNetlink.DeleteNeighbour"/>.</summary>
    /// <param name="neighbour">The neighbour.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteNeighbour(in Neighbour neighbour) => AppendDeletion(NeighbourCodec.WriteDelete(Reserve(), neighbour));

    /// <summary>Queues <see cref="RouteNetlink.ReplaceFdb"/>.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>Index of the request.</returns>
    public int ReplaceFdb(in FdbEntry entry) => Append(FdbCodec.Write(Reserve(), RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry));

    /// <summary>Queues <see cref="RouteNetlink.DeleteFdb"/>.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>Index of the request.</returns>
    public int DeleteFdb(in FdbEntry entry) => AppendDeletion(FdbCodec.Write(Reserve(), RTM_DELNEIGH, 0, entry));

    /// <summary>Empties the batch and keeps its memory.</summary>
    public void Clear()
    {
        _length = 0;
        Count = 0;
        _deletions.Clear();
        _handles.Clear();
    }

    /// <summary>Indexes of deletions are appended in rising order.</summary>
    internal bool IsDeletion(int index) => _deletions.BinarySearch(index) >= 0;

    private void Keep(LinkChange change)
    {
        if (change.Name is not null)
            LinkSpec.ValidateName(change.Name);
        if (change.Namespace is { } handle)
            _handles.Add(handle);
    }

    private Span<byte> Reserve()
    {
        if (_buffer.Length - _length < MaximumRequestSize)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        return _buffer.AsSpan(_length, MaximumRequestSize);
    }

    private int Append(int length)
    {
        _length += length;
        return Count++;
    }

    private int AppendDeletion(int length)
    {
        _deletions.Add(Count);
        return Append(length);
    }
}
