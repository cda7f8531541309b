using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>The kernel entries that one peer needs. An entry that two peers need belongs to the peer with the older lease.</summary>
/// <typeparam name="TKey">What identifies an entry.</typeparam>
/// <typeparam name="TEntry">What an entry says; compared by value.</typeparam>
/// <param name="Peer">The peer.</param>
/// <param name="CreateRevision">The revision at which its lease was created; a smaller one is older.</param>
/// <param name="Entries">The entries, each key once. Empty for a peer that cannot be reached.</param>
[Experimental("FLANNEL001")]
public readonly record struct PeerEntries<TKey, TEntry>(
    SubnetKey Peer, long CreateRevision, IReadOnlyList<KeyValuePair<TKey, TEntry>> Entries)
    where TKey : notnull;
