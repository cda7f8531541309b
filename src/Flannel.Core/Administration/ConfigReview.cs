using Flannel.Core.Addressing;
using Flannel.Core.Configuration;
using Flannel.Core.Configuration.BackendBlocks;
using Flannel.Core.Leases;
using Flannel.Core.Observation;
using Flannel.Extensibility;

namespace Flannel.Core.Administration;

/// <summary>
/// Checks a configuration that is about to be written: by the rules of every node, by those of its backend, and against the leases there are.
/// Everything that is wrong is reported at once.
/// </summary>
/// <param name="source">Where it is about to be written, for messages.</param>
/// <param name="options">What is allowed.</param>
/// <param name="backends">The backends of this program, asked for if the type is none of flannel's.</param>
internal sealed class ConfigReview(string source, ConfigWriteOptions options, Func<IEnumerable<IBackend>> backends)
{
    // As many as anybody reads in a message; the exception has them all.
    private const int MaxNamed = 10;

    private readonly List<NetworkConfigProblem> _problems = [];

    /// <summary>Checks a configuration.</summary>
    /// <param name="read">Reads and validates it.</param>
    /// <param name="network">What the store holds now.</param>
    /// <returns>The configuration with its defaults filled in.</returns>
    /// <exception cref="NetworkConfigException">Something is wrong.</exception>
    public NetworkConfig Check(Func<NetworkConfig> read, ObservedNetwork network)
    {
        NetworkConfig? complete = null;
        NetworkConfig? draft;
        try
        {
            draft = complete = read();
        }
        catch (NetworkConfigException error)
        {
            draft = error.Draft;
            _problems.AddRange(error.Problems);
        }

        if (draft is not null) CheckBackend(draft);
        IReadOnlyList<StoredLease> stranded = options.AllowStrandedLeases || draft is null ? [] : FindStranded(draft, complete is not null, network);
        return _problems.Count == 0 ? complete! : throw new NetworkConfigException(source, _problems) { StrandedLeases = stranded };
    }

    /// <summary>Names leases in a message.</summary>
    public static string Name(IReadOnlyList<StoredLease> leases) =>
        string.Join(", ", leases.Take(MaxNamed).Select(Name)) + (leases.Count > MaxNamed ? $" and {leases.Count - MaxNamed} more" : "");

    private static string Name(StoredLease lease) =>
        $"{lease.Key} ({lease.Holder?.ToString() ?? "nobody knows whose"}{(lease.IsReservation ? ", reserved" : "")})";

    private void CheckBackend(NetworkConfig draft)
    {
        // What is not even a block with a type has been reported.
        if (draft.BackendType.Length == 0) return;
        IReadOnlyList<NetworkConfigProblem>? problems = BackendBlockRules.Check(draft)
            ?? backends().FirstOrDefault(backend => backend.Name == draft.BackendType)?.CheckConfig(draft);
        if (problems is not null)
        {
            _problems.AddRange(problems);
        }
        else if (!options.AllowUnknownBackend)
        {
            _problems.Add(new NetworkConfigProblem(
                BackendBlock.TypeKey,
                $"\"{draft.BackendType}\"",
                "a backend that flannel or this program knows; for one that only other programs know, set " +
                $"{nameof(ConfigWriteOptions)}.{nameof(ConfigWriteOptions.AllowUnknownBackend)}"));
        }
    }

    private StoredLease[] FindStranded(NetworkConfig draft, bool isComplete, ObservedNetwork network)
    {
        // Where a range is wrong or missing, nothing can be said of leases.
        if (!draft.EnableIPv4 && !draft.EnableIPv6) return [];
        if ((draft.EnableIPv4 && draft.Network is null) || (draft.EnableIPv6 && draft.IPv6Network is null)) return [];
        NetworkConfig? current = network.Config?.Config;
        StoredLease[] stranded = [.. network.Sorted.Where(lease => IsStranded(draft, isComplete, lease) && !WasStranded(current, lease))];
        if (stranded.Length == 0) return stranded;

        FamilyRules family = draft.EnableIPv4 ? FamilyRules.IPv4 : FamilyRules.IPv6;
        System.Net.IPNetwork range = (draft.EnableIPv4 ? draft.Network : draft.IPv6Network)!.Value;
        _problems.Add(new NetworkConfigProblem(
            family.NetworkKey,
            $"\"{new Subnet(range)}\"",
            $"ranges with a place for the leases there are, unlike {Name(stranded)}; revoke them, wait until they end, or set " +
            $"{nameof(ConfigWriteOptions)}.{nameof(ConfigWriteOptions.AllowStrandedLeases)}"));
        return stranded;
    }

    // A lease that is stranded already is no reason to refuse another change. A reservation is of use only if its host could lease the subnet.
    private static bool IsStranded(NetworkConfig config, bool isComplete, StoredLease lease) =>
        lease is { Subnets: { } key, Attributes: not null }
        && (!LeaseRules.HasPlace(config, key) || (isComplete && lease.IsReservation && !LeaseRules.Fits(config, key)));

    private static bool WasStranded(NetworkConfig? current, StoredLease lease) => current is not null && IsStranded(current, isComplete: true, lease);
}
