using System.Net;

namespace Flannel.Backends.HostGateway.Peers;

/// <summary>A change of the desired routes; what is said last of a subnet counts.</summary>
internal sealed class HostGatewayRouteChanges
{
    private readonly HashSet<IPNetwork> _removals = [];
    private readonly Dictionary<IPNetwork, IPAddress> _upserts = [];

    /// <summary>Subnets that shall have no route.</summary>
    public IReadOnlyCollection<IPNetwork> Removals => _removals;

    /// <summary>Subnets that shall have a route, each with its gateway.</summary>
    public IReadOnlyDictionary<IPNetwork, IPAddress> Upserts => _upserts;

    /// <summary>How many routes change.</summary>
    public int Count => _removals.Count + _upserts.Count;

    /// <summary>Says that a subnet shall have no route.</summary>
    public void Remove(IPNetwork subnet)
    {
        _upserts.Remove(subnet);
        _removals.Add(subnet);
    }

    /// <summary>Says that a subnet shall have a route.</summary>
    public void Add(IPNetwork subnet, IPAddress gateway)
    {
        _removals.Remove(subnet);
        _upserts[subnet] = gateway;
    }
}
