using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>How far the kernel is from the desired state.</summary>
/// <typeparam name="TKey">What identifies an entry.</typeparam>
[Experimental("FLANNEL001")]
public sealed record ReconcilerStatus<TKey>
    where TKey : notnull
{
    /// <summary>Whether the kernel has been read and everything desired was written, failing entries excepted.</summary>
    public bool IsConverged { get; init; }

    /// <summary>Why the kernel's state cannot be read, or <see langword="null"/>.</summary>
    public Exception? ReadError { get; init; }

    /// <summary>The entries that failed, each with its last failure. They are retried with back-off.</summary>
    public ImmutableDictionary<TKey, Exception> Failures { get; init; } = ImmutableDictionary<TKey, Exception>.Empty;

    /// <summary>The peers that cannot be reached: an entry failed, or an older peer holds it. Each with the reason.</summary>
    public ImmutableDictionary<SubnetKey, string> PeerProblems { get; init; } = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>How many entries have been written or removed so far.</summary>
    public long Writes { get; init; }

    /// <summary>How many times everything was read and compared so far.</summary>
    public long Resyncs { get; init; }
}
