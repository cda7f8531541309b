using System.Collections.Immutable;

namespace Flannel.Core.Reconciliation;

/// <summary>How far the kernel is from the desired state.</summary>
/// <typeparam name="TKey">What identifies an entry.</typeparam>
public sealed record ReconcilerStatus<TKey>
    where TKey : notnull
{
    /// <summary>Whether the kernel has been read and everything desired was written, failing entries excepted.</summary>
    public bool IsConverged { get; init; }

    /// <summary>Why the kernel's state cannot be read, or <see langword="null"/>.</summary>
    public Exception? ReadError { get; init; }

    /// <summary>The entries that failed, each with its last failure. They are tried again with back-off.</summary>
    public ImmutableDictionary<TKey, Exception> Failures { get; init; } = ImmutableDictionary<TKey, Exception>.Empty;

    /// <summary>How many entries have been written or removed so far.</summary>
    public long Writes { get; init; }

    /// <summary>How many times everything was read and compared so far.</summary>
    public long Resyncs { get; init; }
}
