using Flannel.Core.State;

namespace Flannel;

/// <summary>A network configuration in the store that a running node does not follow, or not in full.</summary>
/// <param name="Config">The configuration in the store, or <see langword="null"/> if its document cannot be used.</param>
/// <param name="Reasons">What is not followed, and why; one sentence each, at least one.</param>
public sealed record PendingConfig(NetworkConfig? Config, IReadOnlyList<string> Reasons)
{
    /// <summary>Whether both are of the same configuration for the same reasons.</summary>
    /// <param name="other">The other one.</param>
    public bool Equals(PendingConfig? other) =>
        ReferenceEquals(this, other) || (other is not null && Equals(Config, other.Config) && Contents.AreSame(Reasons, other.Reasons));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Config, Reasons.Count);

    /// <summary>The reasons on one line.</summary>
    public override string ToString() => string.Join("; ", Reasons);
}
