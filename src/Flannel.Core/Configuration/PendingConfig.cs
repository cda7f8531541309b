namespace Flannel;

/// <summary>A network configuration in the store that a running node does not follow, or not in full.</summary>
/// <param name="Config">The configuration in the store, or <see langword="null"/> if its document cannot be used.</param>
/// <param name="Reasons">What is not followed, and why; one sentence each, at least one.</param>
public sealed record PendingConfig(NetworkConfig? Config, IReadOnlyList<string> Reasons)
{
    /// <summary>The reasons on one line.</summary>
    public override string ToString() => string.Join("; ", Reasons);
}
