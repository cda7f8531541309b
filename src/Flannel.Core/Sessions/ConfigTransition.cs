using Flannel.Core.Leases;
using Flannel.Extensibility;

namespace Flannel.Core.Sessions;

/// <summary>What a running node makes of another network configuration: what it follows at once, and what waits until it is restarted.</summary>
internal sealed class ConfigTransition
{
    private readonly List<string> _reasons = [];

    private ConfigTransition(NetworkConfig config) => Config = config;

    /// <summary>The configuration to run with.</summary>
    public NetworkConfig Config { get; private set; }

    /// <summary>What is not followed, or <see langword="null"/> if everything is.</summary>
    public PendingConfig? Pending { get; private set; }

    /// <summary>Compares what the node runs with and what is in the store.</summary>
    /// <param name="running">The configuration that the node runs with.</param>
    /// <param name="wanted">The configuration in the store.</param>
    /// <param name="own">The subnets that the node holds.</param>
    /// <param name="backends">The backends that there are, that of the running configuration among them.</param>
    /// <param name="followsBackend">Whether another backend, VNI or port is followed too (<see cref="FlannelOptions.FollowBackendChanges"/>).</param>
    public static ConfigTransition Between(
        NetworkConfig running, NetworkConfig wanted, SubnetKey own, IReadOnlyList<IBackend> backends, bool followsBackend = false)
    {
        var transition = new ConfigTransition(running with { EnableNFTables = wanted.EnableNFTables });
        if (transition.HasSameNetwork(running, wanted)) transition.FollowRanges(wanted, own);
        transition.FollowBackend(running, wanted, backends, followsBackend);
        if (transition._reasons.Count > 0) transition.Pending = new PendingConfig(wanted, transition._reasons);
        return transition;
    }

    private bool HasSameNetwork(NetworkConfig running, NetworkConfig wanted)
    {
        Compare(nameof(wanted.EnableIPv4), running.EnableIPv4, wanted.EnableIPv4);
        Compare(nameof(wanted.EnableIPv6), running.EnableIPv6, wanted.EnableIPv6);
        if (wanted.EnableIPv4)
        {
            Compare(nameof(wanted.Network), running.Network, wanted.Network);
            Compare("SubnetLen", running.SubnetLength, wanted.SubnetLength);
        }

        if (wanted.EnableIPv6)
        {
            Compare(nameof(wanted.IPv6Network), running.IPv6Network, wanted.IPv6Network);
            Compare("IPv6SubnetLen", running.IPv6SubnetLength, wanted.IPv6SubnetLength);
        }

        return _reasons.Count == 0;
    }

    private void Compare<T>(string key, T running, T wanted)
    {
        if (!Equals(running, wanted))
            _reasons.Add($"{key} is {wanted} in the store and {running} here: following it would change this node's subnet");
    }

    private void FollowRanges(NetworkConfig wanted, SubnetKey own)
    {
        NetworkConfig moved = Config with
        {
            SubnetMin = wanted.SubnetMin,
            SubnetMax = wanted.SubnetMax,
            IPv6SubnetMin = wanted.IPv6SubnetMin,
            IPv6SubnetMax = wanted.IPv6SubnetMax,
        };
        if (LeaseRules.Fits(moved, own))
        {
            Config = moved;
            return;
        }

        _reasons.Add($"this node's subnet {own} is outside the range that is leased from now; the node keeps it until it is restarted");
    }

    private void FollowBackend(NetworkConfig running, NetworkConfig wanted, IReadOnlyList<IBackend> backends, bool followsAll)
    {
        if (wanted.Backend == running.Backend) return;
        NetworkConfig changed = running with { Backend = wanted.Backend };
        IReadOnlyList<string> refusals = backends.FirstOrDefault(candidate => candidate.Name == wanted.BackendType) switch
        {
            null => [new UnknownBackendException(wanted.BackendType, [.. backends.Select(candidate => candidate.Name)]).Message],
            { } backend when followsAll => [.. backend.CheckConfig(changed).Select(problem => problem.ToString())],
            { } backend when wanted.BackendType == running.BackendType => backend.RefuseLiveChange(running, changed) is { } refusal ? [refusal] : [],
            _ => [$"the backend is {VisibleText.Of(wanted.BackendType, 80)} in the store and {running.BackendType} here: its packets would not be " +
                "understood by peers that have not changed yet"],
        };
        if (refusals.Count == 0) Config = Config with { Backend = wanted.Backend };
        else _reasons.AddRange(refusals);
    }
}
