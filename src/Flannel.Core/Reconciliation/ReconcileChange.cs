using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>One entry to write or to remove.</summary>
/// <typeparam name="TKey">What identifies an entry.</typeparam>
/// <typeparam name="TEntry">What the entry says.</typeparam>
/// <param name="Key">The entry's identity.</param>
/// <param name="IsRemoval">Whether the entry is to be removed.</param>
/// <param name="Entry">The entry to write; for a removal, the entry as it is.</param>
[Experimental("FLANNEL001")]
public readonly record struct ReconcileChange<TKey, TEntry>(TKey Key, bool IsRemoval, TEntry Entry)
    where TKey : notnull;
