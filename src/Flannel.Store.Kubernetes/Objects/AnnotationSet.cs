namespace Flannel.Store.Kubernetes.Objects;

/// <summary>The annotations of one Node that mean something to flannel. Compared by value.</summary>
internal sealed class AnnotationSet : IEquatable<AnnotationSet>
{
    /// <summary>How long a value may be. What is longer is remembered as too long, not kept.</summary>
    public const int MaxLength = 16 * 1024;

    private static readonly int Count = Enum.GetValues<Annotation>().Length;
    private readonly string?[] _values;
    private readonly int _tooLong;

    private AnnotationSet(string?[] values, int tooLong) => (_values, _tooLong) = (values, tooLong);

    /// <summary>No annotations.</summary>
    public static AnnotationSet Empty { get; } = new(new string?[Count], 0);

    /// <summary>A value, or <see langword="null"/> if there is none or it is too long.</summary>
    public string? this[Annotation name] => _values[(int)name];

    /// <summary>Whether the Node is looked after by an agent of flannel.</summary>
    public bool IsManaged => this[Annotation.Managed] == "true";

    /// <summary>Whether a value is there that is longer than allowed.</summary>
    public bool IsTooLong(Annotation name) => (_tooLong & (1 << (int)name)) != 0;

    /// <summary>The same set with one value more, or another one.</summary>
    public AnnotationSet With(Annotation name, string? value)
    {
        string?[] values = [.. _values];
        bool fits = value is null || value.Length <= MaxLength;
        values[(int)name] = fits ? value : null;
        int bit = 1 << (int)name;
        return new AnnotationSet(values, fits ? _tooLong & ~bit : _tooLong | bit);
    }

    /// <summary>The values that differ from what is wanted; <see langword="null"/> where none is wanted.</summary>
    public IEnumerable<KeyValuePair<Annotation, string?>> DifferencesTo(IReadOnlyDictionary<Annotation, string> wanted) =>
        wanted.Where(entry => this[entry.Key] != entry.Value).Select(static entry => KeyValuePair.Create(entry.Key, (string?)entry.Value));

    public bool Equals(AnnotationSet? other) => other is not null && _tooLong == other._tooLong && _values.AsSpan().SequenceEqual(other._values);

    public override bool Equals(object? obj) => Equals(obj as AnnotationSet);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (string? value in _values)
            hash.Add(value, StringComparer.Ordinal);
        return hash.ToHashCode();
    }
}
