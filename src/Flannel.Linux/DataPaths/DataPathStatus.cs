using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>The condition of one address family's data path.</summary>
/// <param name="Mtu">The MTU that containers must not exceed, in bytes.</param>
/// <param name="IsConverged">Whether the kernel has everything desired, failing peers excepted.</param>
/// <param name="Problem">What is wrong with the data path as a whole, or <see langword="null"/>.</param>
/// <param name="PeerProblems">The peers that cannot be reached, each with the reason.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record DataPathStatus(int Mtu, bool IsConverged, string? Problem, ImmutableDictionary<SubnetKey, string> PeerProblems)
{
    /// <summary>Whether <see cref="Problem"/> keeps every packet of the family from travelling.</summary>
    public bool IsUnusable { get; init; }

    /// <summary>The condition of the guard, or <see langword="null"/> if there is none.</summary>
    public GuardStatus? Guard { get; init; }

    /// <summary>Makes one status of those of all address families.</summary>
    /// <param name="statuses">One or more.</param>
    public static BackendStatus Merge(IReadOnlyCollection<DataPathStatus> statuses)
    {
        string[] problems = [.. statuses.Select(static status => status.Problem).OfType<string>().Distinct()];
        return new BackendStatus
        {
            Mtu = statuses.Min(static status => status.Mtu),
            IsConverged = statuses.All(static status => status.IsConverged),
            IsUnusable = statuses.All(static status => status.IsUnusable),
            Problem = problems.Length == 0 ? null : string.Join(" ", problems),
            Guard = GuardStatus.Merge(statuses.Select(static status => status.Guard)),
            PeerProblems = Merge([.. statuses.Select(static status => status.PeerProblems).Where(static problems => !problems.IsEmpty)]),
        };
    }

    private static ImmutableDictionary<SubnetKey, string> Merge(ImmutableDictionary<SubnetKey, string>[] problems) => problems switch
    {
        [] => ImmutableDictionary<SubnetKey, string>.Empty,
        [var only] => only,
        _ => problems
            .SelectMany(static family => family)
            .GroupBy(static problem => problem.Key, static problem => problem.Value)
            .ToImmutableDictionary(static problem => problem.Key, static problem => string.Join("; ", problem.Distinct())),
    };
}
