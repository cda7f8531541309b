using System.Net;
using Flannel.Extensibility;

namespace Flannel.Core.Leases;

/// <summary>
/// Who a node is to the store: the host with this public address. flannel compares IPv4 addresses only, so that in an IPv6-only network all its nodes
/// take the same lease for their own; here the IPv6 address counts there.
/// </summary>
internal sealed class NodeIdentity
{
    private readonly bool _byIPv4;
    private readonly Lease? _held;

    /// <exception cref="ArgumentException">The request lacks the address that identifies the node.</exception>
    public NodeIdentity(LeaseRequest request)
    {
        _byIPv4 = request.Config.EnableIPv4;
        _held = request.HeldLease;
        Attributes = request.Attributes;
        Document = request.Attributes.ToUtf8Json();
        Address = AddressOf(Attributes) ?? throw new ArgumentException(
            $"The request lacks {(_byIPv4 ? nameof(LeaseAttributes.PublicIP) : nameof(LeaseAttributes.PublicIPv6))}, by which the node finds " +
            "its lease.",
            nameof(request));
    }

    /// <summary>The public address that identifies the node.</summary>
    public IPAddress Address { get; }

    /// <summary>What the node publishes.</summary>
    public LeaseAttributes Attributes { get; }

    /// <summary>What the node publishes, as the document to write.</summary>
    public ReadOnlyMemory<byte> Document { get; }

    /// <summary>The address that identifies the host which published a document.</summary>
    public IPAddress? AddressOf(LeaseAttributes attributes) => _byIPv4 ? attributes.PublicIP : attributes.PublicIPv6;

    /// <summary>The address that identifies the host which named these addresses.</summary>
    public IPAddress? AddressOf((IPAddress? IPv4, IPAddress? IPv6)? publisher) => _byIPv4 ? publisher?.IPv4 : publisher?.IPv6;

    /// <summary>Whether a document was published by this node, as far as its address tells.</summary>
    public bool IsOwn(LeaseAttributes attributes) => Address.Equals(AddressOf(attributes));

    /// <summary>Whether the host that was found alive has this node's address, not one that this node had before.</summary>
    public bool IsOwn(DuplicatePublicAddressException duplicate) => Address.Equals(duplicate.Address);

    /// <summary>Whether an entry is the lease that this node has held until now, with the address that the node had then.</summary>
    public bool IsHeld(StoredEntry entry, LeaseAttributes attributes) =>
        _held is not null && entry.Key == _held.Key.ToString() && entry.CreateRevision == _held.CreateRevision
        // Of a lease that an earlier process wrote, a document that is no longer the same tells that somebody else has it now.
        && (_held.ModRevision == 0 ? attributes.Equals(_held.Attributes) : Equals(AddressOf(attributes), AddressOf(_held.Attributes)));
}
