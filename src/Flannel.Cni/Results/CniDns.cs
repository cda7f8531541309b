namespace Flannel.Cni;

/// <summary>How a container resolves names.</summary>
public sealed class CniDns : IEquatable<CniDns>
{
    /// <summary>Addresses of name servers, the first is asked first.</summary>
    public IReadOnlyList<string> NameServers { get; init; } = [];

    /// <summary>The local domain, or <see langword="null"/>.</summary>
    public string? Domain { get; init; }

    /// <summary>Domains to complete short names with.</summary>
    public IReadOnlyList<string> Search { get; init; } = [];

    /// <summary>Options for the resolver.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    internal bool IsEmpty => NameServers.Count == 0 && Domain is null && Search.Count == 0 && Options.Count == 0;

    /// <inheritdoc/>
    public bool Equals(CniDns? other) =>
        other is not null && Domain == other.Domain && NameServers.SequenceEqual(other.NameServers) && Search.SequenceEqual(other.Search)
            && Options.SequenceEqual(other.Options);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as CniDns);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Domain, NameServers.Count, Search.Count, Options.Count);
}
