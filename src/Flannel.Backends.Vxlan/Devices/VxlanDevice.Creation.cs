using System.Net;
using Flannel.Extensibility;
using Flannel.Netlink;
using Flannel.Netlink.Route.Links;

namespace Flannel.Backends.Vxlan.Devices;

// A device takes its UDP port when it is set up, so a new one is set up at once: what stands in the way is known before a lease is published.
internal sealed partial class VxlanDevice
{
    /// <summary>A device that lives for a moment, to find out whether a port can be had while the old device still carries packets.</summary>
    private string ProbeName => _spec.Family.IsIPv6 ? "flannel-probe6" : "flannel-probe";

    private Link Create(ExternalLinkState external, IPAddress local, int mtu)
    {
        _mac ??= MacAddress.NewRandom(_random);
        Link link = Create(NewSpec(_spec.Name, external, local) with { Address = _mac, Mtu = mtu });
        IgnoreRouterAdvertisements();
        _context.GuardNewDevice();
        try
        {
            link = SetUp(link);
        }
        catch
        {
            _netlink.DeleteLink(link.Index);
            throw;
        }

        VxlanBackend.Log.DeviceCreated(_logger, _spec.Name, link.Index, link.Address, link.Mtu, external.Name);
        return link;
    }

    private Link Create(VxlanLinkSpec spec)
    {
        try
        {
            return _netlink.CreateLink(spec);
        }
        catch (NetlinkException exception) when (exception.IsAlreadyExists && FindVniHolder() is { } holder)
        {
            throw new VxlanDeviceException(
                _spec.Name,
                $"{_spec.Name} cannot be created: the device {holder} has the VNI {_spec.Config.Vni} on the same UDP port. " +
                $"Remove it (ip link del {holder}), or choose another VNI or Port in the network configuration's Backend block.",
                exception);
        }
        catch (NetlinkException exception) when (exception.IsNotSupported)
        {
            throw new VxlanDeviceException(
                _spec.Name, $"{_spec.Name} cannot be created: the kernel has no VXLAN. Load the module (modprobe vxlan).", exception);
        }
    }

    /// <exception cref="VxlanDeviceException">Something else has the port.</exception>
    private Link SetUp(Link link)
    {
        try
        {
            return Change(link, new LinkChange { IsUp = true });
        }
        catch (NetlinkException exception) when (exception.ErrorName == "EADDRINUSE")
        {
            int port = _spec.Config.Port;
            string holder = FindPortHolder() is { } device
                ? $"the device {device} (see: ip -d link show {device})"
                : $"another program, or a tunnel of the kernel's such as Open vSwitch's (see: ss -ulpn sport = :{port}; ip -d link show type vxlan)";
            throw new VxlanDeviceException(
                _spec.Name,
                $"{_spec.Name} cannot be set up: the UDP port {port} is in use by {holder}. " +
                "Stop or remove that, or choose another Port in the network configuration's Backend block, for all hosts.",
                exception);
        }
    }

    private void ProbePort(ExternalLinkState external, IPAddress local)
    {
        DeleteProbe();
        Link probe = Create(NewSpec(ProbeName, external, local));
        try
        {
            SetUp(probe);
        }
        finally
        {
            _netlink.DeleteLink(probe.Index);
        }
    }

    private void DeleteProbe()
    {
        if (_netlink.FindLink(ProbeName) is { Vxlan: not null } probe) _netlink.DeleteLink(probe.Index);
    }

    private VxlanLinkSpec NewSpec(string name, ExternalLinkState external, IPAddress local) => new(name)
    {
        Id = _spec.Config.Vni,
        ParentIndex = external.Index,
        Local = local,
        Port = _spec.Config.Port,
        Learning = _spec.Config.Learning,
        Gbp = _spec.Config.Gbp,
    };

    private string? FindVniHolder() =>
        _netlink.GetLinks().FirstOrDefault(link => link.Vxlan?.Id == _spec.Config.Vni && link.Name != _spec.Name)?.Name;

    private string? FindPortHolder() => _netlink.GetLinks()
        .FirstOrDefault(link => link.Vxlan?.Port == _spec.Config.Port && link.IsUp && link.Name != _spec.Name && link.Name != ProbeName)
        ?.Name;

    /// <summary>
    /// Keeps router advertisements off the device: they come from peers' containers, not from a router. A kernel without IPv6 has no such setting,
    /// and a read-only one is not worth failing for.
    /// </summary>
    private void IgnoreRouterAdvertisements() => _context.Host.WriteSysctl($"ipv6/conf/{_spec.Name}/accept_ra", "0");
}
