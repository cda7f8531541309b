namespace Flannel.Core.Observation;

/// <summary>What differs between two states of a dictionary.</summary>
internal static class Differences
{
    /// <summary>Compares by value. What went comes first: a subnet may leave under one key and come back under another.</summary>
    /// <param name="before">The former state.</param>
    /// <param name="after">The new state.</param>
    /// <param name="touched">The only keys that can differ; <see langword="null"/> for all of them.</param>
    public static IReadOnlyList<(TValue? Before, TValue? After)> Between<TKey, TValue>(
        IReadOnlyDictionary<TKey, TValue> before, IReadOnlyDictionary<TKey, TValue> after, IReadOnlyCollection<TKey>? touched = null)
        where TValue : class
    {
        var gone = new List<(TValue? Before, TValue? After)>();
        var others = new List<(TValue? Before, TValue? After)>();
        foreach (TKey key in touched ?? before.Keys)
        {
            if (before.TryGetValue(key, out TValue? old) && !after.ContainsKey(key)) gone.Add((old, null));
        }

        foreach (TKey key in touched ?? after.Keys)
        {
            if (!after.TryGetValue(key, out TValue? now)) continue;
            if (!before.TryGetValue(key, out TValue? old)) others.Add((null, now));
            else if (!ReferenceEquals(old, now) && !old.Equals(now)) others.Add((old, now));
        }

        return [.. gone, .. others];
    }

    public static ChangeKind KindOf(object? before, object? after) =>
        before is null ? ChangeKind.Added : after is null ? ChangeKind.Removed : ChangeKind.Changed;
}
