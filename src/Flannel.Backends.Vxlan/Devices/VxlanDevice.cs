using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>
/// Keeps the tunnel device of one address family as it should be. A device that fits is kept with its index, so that a restart disturbs no packet;
/// one that does not fit carries packets until the node has its lease, and is then recreated with the same MAC, so that peers need not learn
/// anything.
/// </summary>
/// <remarks>Called from one thread at a time; <see cref="State"/> may be read by any.</remarks>
[SupportedOSPlatform("linux")]
internal sealed partial class VxlanDevice
{
    /// <summary>How often in a row a MAC that somebody else rewrote is set back before the other one is accepted.</summary>
    private const int MaximumMacRepairs = 2;

    /// <summary>The smallest MTU with which the kernel keeps IPv6 on a device (RFC 8200).</summary>
    private const int MinimumMtuIPv6 = 1280;

    /// <summary>After this long without a rewrite the next one counts as the first.</summary>
    private static readonly TimeSpan MacRepairWindow = TimeSpan.FromMinutes(10);

    private readonly VxlanDeviceSpec _spec;
    private readonly KernelContext _context;
    private readonly Random _random;
    private readonly RouteNetlink _netlink;
    private readonly ILogger _logger;
    private volatile VxlanDeviceState? _state;
    private PhysicalAddress? _mac;
    private int _macRepairs;
    private long _lastMacRepair;

    /// <summary>Starts with a wish; the kernel is not touched.</summary>
    /// <param name="spec">What the device should be.</param>
    /// <param name="mac">The MAC it should have, or <see langword="null"/> to take that of the device that exists, or to make one.</param>
    /// <param name="context">The family on its host.</param>
    /// <param name="random">Makes a MAC.</param>
    public VxlanDevice(VxlanDeviceSpec spec, PhysicalAddress? mac, KernelContext context, Random random)
    {
        (_spec, _mac, _context, _random) = (spec, mac, context, random);
        (_netlink, _logger) = (context.Netlink, context.Logger);
    }

    /// <summary>The device as it was when it was last in order; <see langword="null"/> before <see cref="Prepare"/>.</summary>
    public VxlanDeviceState? State => _state;

    /// <summary>
    /// Creates or adopts the device. It gets no address. A device that has to be recreated stays until <see cref="Repair"/>, but whether it can be is
    /// found out.
    /// </summary>
    /// <exception cref="VxlanDeviceException">
    /// The name, the VNI or the port belongs to something else, or the external interface is missing.
    /// </exception>
    public VxlanDeviceState Prepare()
    {
        DeleteProbe(); // a crash left it, and it may have the VNI
        return Ensure(subnetBase: null);
    }

    /// <summary>Creates or repairs the device, its address included, and sets it up.</summary>
    /// <param name="subnetBase">The first address of the node's own subnet.</param>
    /// <exception cref="VxlanDeviceException">
    /// The name, the VNI or the port belongs to something else, or the external interface is missing.
    /// </exception>
    public VxlanDeviceState Repair(IPAddress subnetBase) => Ensure(subnetBase);

    /// <summary>Whether the device is as it was when it was last in order.</summary>
    public bool IsInOrder() =>
        _netlink.FindLink(_spec.Name) is { Vxlan: { } vxlan } link && link.Index == _state!.Index && link.IsUp && link.Mtu == _state.Mtu
        && _state.Mac.Equals(link.Address) && vxlan.Learning == _spec.Config.Learning;

    /// <summary>Deletes the device, unless it is not there or somebody else's.</summary>
    public void Delete()
    {
        Link? link = _netlink.FindLink(_spec.Name);
        if (link is null || VxlanDeviceRules.FindStrangeness(link, _spec) is not null) return;
        _netlink.DeleteLink(link.Index);
        VxlanBackend.Log.DeviceDeleted(_logger, _spec.Name);
    }

    private VxlanDeviceState Ensure(IPAddress? subnetBase)
    {
        ExternalLinkState external = _context.External.State;
        if (!external.Exists) throw new VxlanDeviceException(_spec.Name, external.Problem!, isTransient: true);
        IReadOnlyList<InterfaceAddress> addresses = _netlink.GetAddresses(_spec.Family.Family);
        IPAddress local = _spec.ChooseLocal(addresses.Select(static address => address.Address));
        int mtu = ComputeMtu(external);

        Link? link = FindOwn();
        string? misfit = link is null ? null : VxlanDeviceRules.FindMisfit(link, _spec, external.Index, local);
        if (misfit is not null && link!.Vxlan!.Port != _spec.Config.Port) ProbePort(external, local);
        if (misfit is not null && subnetBase is null) return _state = new VxlanDeviceState(link!.Index, _mac ?? link.Address!, mtu);
        if (misfit is not null)
        {
            VxlanBackend.Log.DeviceMisfit(_logger, _spec.Name, misfit);
            _netlink.DeleteLink(link!.Index);
            link = null;
        }

        bool isNew = link is null;
        if (link is null)
        {
            link = Create(external, local, mtu);
        }
        else if (_state is null)
        {
            VxlanBackend.Log.DeviceAdopted(_logger, _spec.Name, link.Index, link.Address);
            IgnoreRouterAdvertisements();
        }

        if (!isNew && _state is { } known && known.Index != link.Index) _context.GuardNewDevice(); // somebody else made it

        link = Adjust(link, local, mtu);
        if (subnetBase is not null) link = Activate(link, subnetBase, isNew ? [] : addresses);

        var state = new VxlanDeviceState(link.Index, link.Address!, link.Mtu);
        if (_state is { } before && before.Mtu != state.Mtu)
            VxlanBackend.Log.MtuChanged(_logger, _spec.Name, before.Mtu, state.Mtu, external.Name, external.Mtu);
        return _state = state;
    }

    private int ComputeMtu(ExternalLinkState external)
    {
        int outer = _spec.Config.Mtu > 0 ? Math.Min(_spec.Config.Mtu, external.Mtu) : external.Mtu;
        int mtu = outer - _spec.Overhead;
        return _spec.Family.IsIPv6 && mtu < MinimumMtuIPv6
            ? throw new VxlanDeviceException(
                _spec.Name,
                $"{_spec.Name} would have an MTU of {mtu}, but IPv6 needs {MinimumMtuIPv6}. " +
                $"Raise the MTU of {external.Name} (it is {external.Mtu}) to at least {MinimumMtuIPv6 + _spec.Overhead}, " +
                "or turn IPv6 off (EnableIPv6) in the network configuration.")
            : mtu;
    }

    private Link? FindOwn()
    {
        if (_netlink.FindLink(_spec.Name) is not { } link) return null;
        if (VxlanDeviceRules.FindStrangeness(link, _spec) is { } strangeness)
        {
            throw new VxlanDeviceException(
                _spec.Name,
                $"The network needs a device named {_spec.Name}, but that name belongs to something else: {strangeness}. " +
                $"Nothing was changed. Rename or remove it (ip link del {_spec.Name}), " +
                "or choose another VNI in the network configuration's Backend block.");
        }

        _mac ??= link.Address is { } address && MacAddress.IsUsable(address) ? address : null;
        return link;
    }

    /// <summary>Changes in place what the kernel lets change in place.</summary>
    private Link Adjust(Link link, IPAddress local, int mtu)
    {
        bool isMacWrong = _mac is not null && !_mac.Equals(link.Address);
        if (isMacWrong && _state is not null) isMacWrong = IsMacToBeRepaired(link.Address);
        var tunnel = new LinkChange
        {
            VxlanLearning = link.Vxlan!.Learning == _spec.Config.Learning ? null : _spec.Config.Learning,
            VxlanLocal = local.Equals(link.Vxlan.Local) ? null : local,
        };
        var device = new LinkChange { Address = isMacWrong ? _mac : null, Mtu = link.Mtu == mtu ? null : mtu };
        if (tunnel != new LinkChange()) link = Change(link, tunnel); // the kernel refuses an MTU in the same request
        return device == new LinkChange() ? link : Change(link, device);
    }

    private bool IsMacToBeRepaired(PhysicalAddress? found)
    {
        if (_lastMacRepair != 0 && _context.Time.GetElapsedTime(_lastMacRepair) > MacRepairWindow) _macRepairs = 0;
        if (_macRepairs >= MaximumMacRepairs && found is not null && MacAddress.IsUsable(found))
        {
            VxlanBackend.Log.MacAccepted(_logger, _spec.Name, found, _mac);
            _mac = found;
            _macRepairs = 0;
            return false;
        }

        _macRepairs++;
        _lastMacRepair = _context.Time.GetTimestamp();
        VxlanBackend.Log.MacRepaired(_logger, _spec.Name, found, _mac);
        return true;
    }

    private Link Activate(Link link, IPAddress subnetBase, IReadOnlyList<InterfaceAddress> addresses)
    {
        bool isThere = false;
        foreach (InterfaceAddress address in addresses)
        {
            if (address.LinkIndex != link.Index) continue;
            if (address.Address.Equals(subnetBase) && address.PrefixLength == _spec.AddressLength) isThere = true;
            else if (_spec.Family.Contains(address.Address)) _netlink.DeleteAddress(address);
        }

        if (!isThere)
        {
            _netlink.AddAddress(new InterfaceAddress
            {
                LinkIndex = link.Index,
                Address = subnetBase,
                PrefixLength = _spec.AddressLength,
                // The address is the node's own by its lease; the kernel would keep it unusable for a second to ask peers that cannot answer.
                Flags = _spec.Family.IsIPv6 ? AddressFlags.NoDad : AddressFlags.None,
            });
        }

        return link.IsUp ? link : Adjust(SetUp(link), link.Vxlan!.Local!, link.Mtu);
    }

    private Link Change(Link link, LinkChange change)
    {
        _netlink.ChangeLink(link.Index, change);
        return _netlink.FindLink(link.Index)
            ?? throw new VxlanDeviceException(_spec.Name, $"{_spec.Name} was deleted while it was being changed.", isTransient: true);
    }
}
