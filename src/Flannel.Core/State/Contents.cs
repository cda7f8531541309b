using System.Collections.Immutable;
using Flannel.Extensibility;

namespace Flannel.Core.State;

/// <summary>Compares and shows collections by what is in them, for records that hold some.</summary>
internal static class Contents
{
    // More than anybody reads on one line.
    private const int MaxShown = 10;

    /// <summary>Whether two lists hold the same in the same order.</summary>
    public static bool AreSame<T>(IReadOnlyList<T>? one, IReadOnlyList<T>? other) =>
        ReferenceEquals(one, other) || (one is not null && other is not null && one.Count == other.Count && one.SequenceEqual(other));

    /// <summary>Whether two documents hold the same bytes.</summary>
    public static bool AreSame(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) =>
        one.HasValue == other.HasValue && (one is not { } bytes || bytes.Span.SequenceEqual(other!.Value.Span));

    /// <summary>Whether two dictionaries hold the same.</summary>
    public static bool AreSame<TKey, TValue>(ImmutableDictionary<TKey, TValue> one, ImmutableDictionary<TKey, TValue> other)
        where TKey : notnull
    {
        if (ReferenceEquals(one, other)) return true;
        if (one.Count != other.Count) return false;
        foreach ((TKey key, TValue value) in one)
        {
            if (!other.TryGetValue(key, out TValue? found) || !EqualityComparer<TValue>.Default.Equals(value, found)) return false;
        }

        return true;
    }

    /// <summary>The first few items on one line, and how many more there are.</summary>
    public static string Show<T>(IEnumerable<T> items, int count)
    {
        string shown = VisibleText.Of(string.Join(", ", items.Take(MaxShown)));
        return count > MaxShown ? $"[{shown} and {count - MaxShown} more]" : $"[{shown}]";
    }

    /// <summary>The first few items on one line, and how many more there are.</summary>
    public static string Show<T>(IReadOnlyList<T> items) => Show(items, items.Count);
}
