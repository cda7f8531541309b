using System.Runtime.Versioning;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.HostGateway.DataPath;

/// <summary>Follows the external interface, which is not ours: others take it down, rename it, give it another MTU, or make it anew.</summary>
/// <remarks>Thread-safe.</remarks>
/// <param name="spec">Which interface, and which address it shall have.</param>
/// <param name="netlink">The kernel.</param>
/// <param name="logger">Where to say what changed.</param>
[SupportedOSPlatform("linux")]
internal sealed class Uplink(HostGatewaySpec spec, RouteNetlink netlink, ILogger logger)
{
    private readonly Lock _gate = new();
    private volatile UplinkState _state = new(spec.UplinkIndex, spec.UplinkName, 0, null);

    /// <summary>The interface as it was last seen.</summary>
    public UplinkState State => _state;

    /// <summary>Looks how the interface is now.</summary>
    /// <returns>Whether <see cref="State"/> changed.</returns>
    public bool Refresh()
    {
        lock (_gate)
        {
            UplinkState before = _state;
            Link? link = Find();
            _state = link is null
                ? before with { Problem = $"The interface {spec.UplinkName} is gone. The routes are restored as soon as it is back." }
                : new UplinkState(link.Index, link.Name, link.Mtu, FindProblem(link));
            if (before.Mtu != _state.Mtu && before.Mtu != 0) HostGatewayBackend.Log.MtuChanged(logger, _state.Name, before.Mtu, _state.Mtu);
            return _state != before;
        }
    }

    /// <summary>By name, because an interface that was made anew keeps only that, or else by index, because it may have been renamed.</summary>
    private Link? Find() => netlink.FindLink(spec.UplinkName) ?? netlink.FindLink(_state.Index);

    private string? FindProblem(Link link)
    {
        if (!link.IsUp) return $"The interface {link.Name} is down. The routes are restored as soon as it is up.";
        bool hasAddress = netlink.GetAddresses(spec.Family, link.Index).Any(address => address.Address.Equals(spec.Address));
        return hasAddress
            ? null
            : $"The interface {link.Name} has lost the address {spec.Address}, which peers use as their gateway. " +
              "The routes are left as they are until it is back.";
    }
}
