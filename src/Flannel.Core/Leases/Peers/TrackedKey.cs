using System.Diagnostics.CodeAnalysis;
using System.Net;
using Flannel.Extensibility;

namespace Flannel.Core.Leases.Peers;

/// <summary>What a <see cref="PeerLeases"/> knows of one key of the store. The document's bytes are not kept.</summary>
internal sealed class TrackedKey
{
    public TrackedKey(string name)
    {
        Name = name;
        IsKey = SubnetKey.TryParse(name, out SubnetKey subnets, out string? reason);
        Subnets = subnets;
        KeyProblem = reason;
    }

    public TrackedKey(PeerEntry entry)
    {
        Name = entry.Name;
        Incarnation = entry.Incarnation;
        IsKey = entry.Subnets is not null;
        Subnets = entry.Subnets.GetValueOrDefault();
        KeyProblem = IsKey ? null : entry.Problem ?? "it names no subnet";
    }

    /// <summary>The key as it stands in the store.</summary>
    public string Name { get; }

    /// <summary>Whose key it is, where one name may stand for one host after the other.</summary>
    public string Incarnation { get; } = "";

    /// <summary>The revision that created the key.</summary>
    public long CreateRevision { get; private set; }

    /// <summary>The revision of the document as last seen.</summary>
    public long ModRevision { get; private set; }

    /// <summary>Whether it ends unless it is renewed; a reservation does not.</summary>
    public bool HasTimeToLive { get; private set; }

    /// <summary>The document as last seen.</summary>
    public DocumentMark Document { get; private set; }

    /// <summary>The addresses that the document as last seen names, if it can be read.</summary>
    public (IPAddress? IPv4, IPAddress? IPv6)? Publisher { get; set; }

    /// <summary>Whether the key names subnets at all.</summary>
    [MemberNotNullWhen(false, nameof(KeyProblem))]
    public bool IsKey { get; }

    /// <summary>The subnets that the key names, if it does.</summary>
    public SubnetKey Subnets { get; }

    /// <summary>Why the key names no subnets.</summary>
    public string? KeyProblem { get; }

    /// <summary>The lease as the newest document that keeps the rules says, in this life of the key.</summary>
    public Lease? Good { get; set; }

    /// <summary>Why the newest document is refused, if it is.</summary>
    public string? Refusal { get; set; }

    /// <summary>The older lease that overlaps <see cref="Good"/> or has its public address, if there is one.</summary>
    public TrackedKey? Rival { get; set; }

    /// <summary>Whether it is the public address that <see cref="Rival"/> has too, not a subnet.</summary>
    public bool SharesAddress { get; set; }

    /// <summary>What was delivered last.</summary>
    public Lease? Delivered { get; set; }

    /// <summary>What was reported last.</summary>
    public QuarantinedLease? Quarantined { get; set; }

    /// <summary>Marks the keys of the newest snapshot.</summary>
    public long Generation { get; set; }

    /// <summary>Whether an entry is of the same host with the same subnets.</summary>
    public bool IsOf(PeerEntry entry) =>
        Incarnation == entry.Incarnation && IsKey == entry.Subnets is not null && Subnets == entry.Subnets.GetValueOrDefault();

    /// <summary>Notes what is said of the host now.</summary>
    public void See(PeerEntry entry) => (CreateRevision, ModRevision) = (entry.CreateRevision, entry.ModRevision);

    /// <summary>Notes what stands under the key now.</summary>
    public void See(StoredEntry entry, DocumentMark document) =>
        (CreateRevision, ModRevision, HasTimeToLive, Document) = (entry.CreateRevision, entry.ModRevision, entry.HasTimeToLive, document);
}
