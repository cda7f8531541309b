using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>The kinds of <see cref="Sighting{TKey, TEntry}"/>.</summary>
[Experimental(ExperimentalApi.KernelBackends)]
public enum SightingKind : byte
{
    /// <summary>Nothing that belongs to the network.</summary>
    Nothing,

    /// <summary>An entry as it is now.</summary>
    Entry,

    /// <summary>An entry is gone, or something foreign that stood in its place, or took it.</summary>
    Removal,

    /// <summary>Something that takes entries along in silence changed: everything is read again.</summary>
    Damage,

    /// <summary>Hosts may be reached by another route.</summary>
    OtherRoute,
}

/// <summary>What a notification of the kernel means to one address family.</summary>
/// <typeparam name="TKey">What identifies an entry.</typeparam>
/// <typeparam name="TEntry">What an entry says.</typeparam>
/// <param name="Kind">What it means.</param>
/// <param name="Key">The entry that it is about.</param>
/// <param name="Entry">The entry as it is now.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public readonly record struct Sighting<TKey, TEntry>(SightingKind Kind, TKey? Key = default, TEntry? Entry = default)
    where TKey : notnull;
