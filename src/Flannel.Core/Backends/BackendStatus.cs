using System.Collections.Immutable;
using Flannel.Core.State;

namespace Flannel;

/// <summary>The condition of a backend's data path.</summary>
public sealed record BackendStatus
{
    /// <summary>The MTU in bytes of the overlay, for containers and the subnet file.</summary>
    public required int Mtu { get; init; }

    /// <summary>
    /// What has to be published with the lease now, or <see langword="null"/> if that cannot change. When it differs from what was published at the
    /// start (a device had to take another MAC), the node publishes it and creates the network again.
    /// </summary>
    public LeaseAttributes? Attributes { get; init; }

    /// <summary>Whether the kernel has everything that was desired when the status was made, failing peers excepted.</summary>
    public bool IsConverged { get; init; }

    /// <summary>What is wrong with the data path as a whole (device lost, external interface down), or <see langword="null"/>.</summary>
    public string? Problem { get; init; }

    /// <summary>
    /// Whether <see cref="Problem"/> keeps every packet from travelling (the namespace is gone, the external interface is down): the node is not
    /// ready then, instead of degraded. Default <see langword="false"/>.
    /// </summary>
    public bool IsUnusable { get; init; }

    /// <summary>
    /// Reads what went to a peer and came from it, at the moment of the call; it gives <see langword="null"/> for a peer that it does not know.
    /// <see langword="null"/> for backends whose packets this process does not see.
    /// </summary>
    public Func<SubnetKey, PeerStatistics?>? ReadStatistics { get; init; }

    /// <summary>The condition of the guard, or <see langword="null"/> if the tunnel has none.</summary>
    public GuardStatus? Guard { get; init; }

    /// <summary>The peers that cannot be programmed at present, each with the reason. They are tried again with back-off.</summary>
    public ImmutableDictionary<SubnetKey, string> PeerProblems { get; init; } = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>Whether two statuses say the same, whatever collections they hold it in.</summary>
    /// <param name="other">The other status.</param>
    public bool Equals(BackendStatus? other) =>
        ReferenceEquals(this, other) || (other is not null && Simple.Equals(other.Simple) && Contents.AreSame(PeerProblems, other.PeerProblems));

    /// <inheritdoc/>
    public override int GetHashCode() => Simple.GetHashCode();

    /// <summary>The status on one line, as an operator would put it.</summary>
    public override string ToString()
    {
        string problem = Problem is null ? "" : $", {(IsUnusable ? "unusable" : "problem")}: {Problem}";
        string peers = PeerProblems.IsEmpty
            ? ""
            : $", peers failing: {Contents.Show(PeerProblems.Select(static peer => $"{peer.Key}: {peer.Value}"), PeerProblems.Count)}";
        return $"MTU {Mtu}, {(IsConverged ? "converged" : "not converged")}{problem}{peers}";
    }

    // Everything but the collections.
    private (int, LeaseAttributes?, bool, string?, bool, object?, int, GuardStatus?) Simple =>
        (Mtu, Attributes, IsConverged, Problem, IsUnusable, ReadStatistics, PeerProblems.Count, Guard);
}
