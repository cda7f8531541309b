using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Backends.Vxlan.Entries;

/// <summary>
/// Which nexthop object stands for which gateway. Ids are shared by everything in the namespace, so objects that are there are adopted and new
/// ones take numbers that nobody uses.
/// </summary>
/// <remarks>Thread-safe: the reconciler writes and the monitor looks up.</remarks>
/// <param name="firstId">The number to start from; apart from the small numbers that routing daemons count from.</param>
[SupportedOSPlatform("linux")]
internal sealed class NexthopIds(uint firstId)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, uint> _idOf = [];
    private readonly Dictionary<uint, IPAddress> _gatewayOf = [];
    private HashSet<uint> _foreign = [];
    private uint _next = firstId;

    /// <summary>Forgets everything and starts from what the kernel has.</summary>
    /// <param name="own">Our objects, one per gateway.</param>
    /// <param name="foreign">Every other number in use.</param>
    public void Reset(IEnumerable<Nexthop> own, IEnumerable<uint> foreign)
    {
        lock (_gate)
        {
            _idOf.Clear();
            _gatewayOf.Clear();
            _foreign = [.. foreign];
            foreach (Nexthop nexthop in own) Set_NeedsLock(nexthop.Gateway!, nexthop.Id);
        }
    }

    /// <summary>Finds the object of a gateway.</summary>
    public bool TryGetId(IPAddress gateway, out uint id)
    {
        lock (_gate) return _idOf.TryGetValue(gateway, out id);
    }

    /// <summary>Finds the gateway of one of our objects.</summary>
    public bool TryGetGateway(uint id, [NotNullWhen(true)] out IPAddress? gateway)
    {
        lock (_gate) return _gatewayOf.TryGetValue(id, out gateway);
    }

    /// <summary>Picks a number for a gateway that has none.</summary>
    public uint Allocate(IPAddress gateway)
    {
        lock (_gate)
        {
            while (_next == 0 || _gatewayOf.ContainsKey(_next) || _foreign.Contains(_next)) _next++;
            Set_NeedsLock(gateway, _next);
            return _next++;
        }
    }

    /// <summary>Takes up an object that appeared.</summary>
    /// <returns>Whether it now stands for the gateway; another may already.</returns>
    public bool TryAdopt(IPAddress gateway, uint id)
    {
        lock (_gate)
        {
            if (_idOf.TryGetValue(gateway, out uint known)) return known == id;
            Set_NeedsLock(gateway, id);
            return true;
        }
    }

    /// <summary>Forgets the object of a gateway.</summary>
    public void Remove(IPAddress gateway)
    {
        lock (_gate)
        {
            if (_idOf.Remove(gateway, out uint id)) _gatewayOf.Remove(id);
        }
    }

    /// <summary>Forgets that a number is ours and leaves it to whoever has it.</summary>
    public void Cede(IPAddress gateway, uint id)
    {
        Remove(gateway);
        lock (_gate) _foreign.Add(id);
    }

    private void Set_NeedsLock(IPAddress gateway, uint id)
    {
        _idOf[gateway] = id;
        _gatewayOf[id] = gateway;
    }
}
