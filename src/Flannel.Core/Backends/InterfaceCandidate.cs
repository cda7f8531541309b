using System.Net;
using Flannel.Core.State;

namespace Flannel.Extensibility;

/// <summary>One interface that was considered as the external interface.</summary>
/// <param name="Name">The interface's name.</param>
/// <param name="Addresses">Its usable addresses.</param>
/// <param name="Refusal">Why it was refused, or <see langword="null"/> if it was chosen.</param>
public sealed record InterfaceCandidate(string Name, IReadOnlyList<IPAddress> Addresses, string? Refusal)
{
    /// <summary>Whether both are the same interface with the same addresses and the same fate.</summary>
    /// <param name="other">The other one.</param>
    public bool Equals(InterfaceCandidate? other) =>
        ReferenceEquals(this, other)
            || (other is not null && Name == other.Name && Refusal == other.Refusal && Contents.AreSame(Addresses, other.Addresses));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Refusal, Addresses.Count);

    /// <summary>The candidate as one readable clause.</summary>
    public override string ToString() =>
        $"{Name} ({(Addresses.Count == 0 ? "no address" : string.Join(", ", Addresses))}): {Refusal ?? "chosen"}";
}
