using Flannel.Extensibility;

namespace Flannel;

/// <summary>The range that subnets are leased from overlaps addresses or routes that the host already has. Nothing was touched.</summary>
public sealed class NetworkOverlapException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="range">The range that subnets would be leased from.</param>
    /// <param name="conflicts">The addresses and routes that are in the way; at least one.</param>
    public NetworkOverlapException(string range, IReadOnlyList<HostPrefix> conflicts)
        : base(
            $"The overlay leases from {range}, which overlaps what this host already has: {string.Join(", ", conflicts)}. " +
            "Choose another Network (or SubnetMin and SubnetMax), remove what is in the way, or allow it (FlannelOptions.AllowOverlap; flanneld: " +
            "-allow-overlap).") =>
        Conflicts = conflicts;

    /// <summary>The addresses and routes that are in the way.</summary>
    public IReadOnlyList<HostPrefix> Conflicts { get; }
}
