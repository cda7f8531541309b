namespace Flannel.Store.Kubernetes.NetworkConfigs;

/// <summary>The network configuration as it is written down somewhere. Compared by content.</summary>
/// <param name="Bytes">The document, or <see langword="null"/> if there is none.</param>
/// <param name="Trouble">Why it cannot be read, or <see langword="null"/>.</param>
internal sealed record ConfigDocument(byte[]? Bytes, string? Trouble = null)
{
    public bool Equals(ConfigDocument? other) =>
        other is not null && Trouble == other.Trouble && Bytes is null == other.Bytes is null && Bytes.AsSpan().SequenceEqual(other.Bytes);

    public override int GetHashCode() => HashCode.Combine(Trouble, Bytes?.Length);
}
