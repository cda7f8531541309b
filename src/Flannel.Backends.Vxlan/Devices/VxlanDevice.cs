using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan.Devices;

/// <summary>
/// Keeps the tunnel device of one address family as it shall be. A device that fits is kept with its index, so that a restart disturbs no packet;
/// one that does not fit is made anew with the same MAC, so that peers need not learn anything.
/// </summary>
/// <remarks>Called from one thread at a time; <see cref="State"/> may be read by any.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class VxlanDevice
{
    /// <summary>How often in a row a MAC that somebody else rewrote is set back before the other one is accepted.</summary>
    private const int MaximumMacRepairs = 2;

    /// <summary>The smallest MTU with which the kernel keeps IPv6 on a device (RFC 8200).</summary>
    private const int MinimumMtuIPv6 = 1280;

    /// <summary>After this long without a rewrite a new one counts as the first.</summary>
    private static readonly TimeSpan MacRepairWindow = TimeSpan.FromMinutes(10);

    private readonly VxlanDeviceSpec _spec;
    private readonly RouteNetlink _netlink;
    private readonly Action<string> _onCreated;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile VxlanDeviceState? _state;
    private PhysicalAddress? _mac;
    private int _macRepairs;
    private long _lastMacRepair;

    /// <summary>Creates the keeper; the kernel is not touched.</summary>
    /// <param name="spec">What the device shall be.</param>
    /// <param name="mac">The MAC it shall have, or <see langword="null"/> to take that of the device that exists.</param>
    /// <param name="netlink">The kernel.</param>
    /// <param name="onCreated">Called with the name of a device that was created or adopted, before it is up.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where to say what was done.</param>
    public VxlanDevice(
        VxlanDeviceSpec spec, PhysicalAddress? mac, RouteNetlink netlink, Action<string> onCreated, TimeProvider time, ILogger logger)
    {
        _spec = spec;
        _mac = mac;
        _netlink = netlink;
        _onCreated = onCreated;
        _time = time;
        _logger = logger;
    }

    /// <summary>The device as it was when it was last in order; <see langword="null"/> before <see cref="Prepare"/>.</summary>
    public VxlanDeviceState? State => _state;

    /// <summary>Creates or adopts the device. It is not set up and gets no address.</summary>
    /// <param name="random">Makes a MAC if there is none to keep.</param>
    /// <exception cref="VxlanDeviceException">The name or the VNI belongs to something else, or the uplink is missing.</exception>
    public VxlanDeviceState Prepare(Random random) => Ensure(subnetBase: null, random);

    /// <summary>Creates or repairs the device, its address included, and sets it up.</summary>
    /// <param name="subnetBase">The first address of the node's own subnet.</param>
    /// <exception cref="VxlanDeviceException">The name or the VNI belongs to something else, or the uplink is missing.</exception>
    public VxlanDeviceState Repair(IPAddress subnetBase) => Ensure(subnetBase, random: null);

    /// <summary>Deletes the device, unless it is not there or not ours.</summary>
    public void Delete()
    {
        Link? link = _netlink.FindLink(_spec.Name);
        if (link is null || VxlanDeviceRules.FindStrangeness(link, _spec) is not null) return;
        _netlink.DeleteLink(link.Index);
        VxlanBackend.Log.DeviceDeleted(_logger, _spec.Name);
    }

    private VxlanDeviceState Ensure(IPAddress? subnetBase, Random? random)
    {
        Link uplink = FindUplink();
        IReadOnlyList<InterfaceAddress> addresses = _netlink.GetAddresses(family: _spec.Family);
        IPAddress local = ChooseLocal(addresses);
        int mtu = ComputeMtu(uplink);

        Link? link = FindOwn(uplink, local);
        bool isNew = link is null;
        if (link is null)
        {
            _mac ??= MacAddress.NewRandom(random ?? throw new InvalidOperationException("The device was never prepared."));
            link = Create(uplink, local, mtu);
        }

        if (isNew || _state is null) _onCreated(_spec.Name);
        link = Adjust(link, local, mtu);
        if (subnetBase is not null) link = Activate(link, subnetBase, isNew ? [] : addresses);

        var state = new VxlanDeviceState(link.Index, link.Address!, link.Mtu, uplink.Index, uplink.Mtu, uplink.IsUp);
        if (_state is { } before && before.Mtu != state.Mtu)
            VxlanBackend.Log.MtuChanged(_logger, _spec.Name, before.Mtu, state.Mtu, uplink.Name, uplink.Mtu);
        _state = state;
        return state;
    }

    /// <summary>
    /// Finds the uplink by name, because a device that was made anew keeps only that, or else by index, because it may have been renamed.
    /// </summary>
    private Link FindUplink()
    {
        Link? link = _netlink.FindLink(_spec.UplinkName) ?? _netlink.FindLink(_state?.UplinkIndex ?? _spec.UplinkIndex);
        return link ?? throw new VxlanDeviceException(
            _spec.Name,
            $"The interface {_spec.UplinkName}, which carries the packets of {_spec.Name}, is gone. " +
            "The device is restored as soon as the interface is back.",
            isTransient: true);
    }

    /// <summary>
    /// The source of outer packets. flannel takes the public address; the kernel drops every packet if no interface has that address, as behind a
    /// NAT, and then it has to be the interface's own.
    /// </summary>
    private IPAddress ChooseLocal(IReadOnlyList<InterfaceAddress> addresses) =>
        addresses.Any(address => address.Address.Equals(_spec.PublicAddress)) ? _spec.PublicAddress : _spec.InterfaceAddress;

    private int ComputeMtu(Link uplink)
    {
        int outer = _spec.Config.Mtu > 0 ? Math.Min(_spec.Config.Mtu, uplink.Mtu) : uplink.Mtu;
        int mtu = outer - _spec.Overhead;
        return _spec.Family == AddressFamily.InterNetworkV6 && mtu < MinimumMtuIPv6
            ? throw new VxlanDeviceException(
                _spec.Name,
                $"{_spec.Name} would have an MTU of {mtu}, but IPv6 needs {MinimumMtuIPv6}. " +
                $"Raise the MTU of {uplink.Name} (it is {uplink.Mtu}) to at least {MinimumMtuIPv6 + _spec.Overhead}, " +
                "or turn IPv6 off (EnableIPv6) in the network configuration.")
            : mtu;
    }

    private Link? FindOwn(Link uplink, IPAddress local)
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
        if (VxlanDeviceRules.FindMisfit(link, _spec, uplink.Index, local) is not { } misfit)
        {
            if (_state is null) VxlanBackend.Log.DeviceAdopted(_logger, _spec.Name, link.Index, link.Address);
            return link;
        }

        VxlanBackend.Log.DeviceMisfit(_logger, _spec.Name, misfit);
        _netlink.DeleteLink(link.Index);
        return null;
    }

    private Link Create(Link uplink, IPAddress local, int mtu)
    {
        var spec = new VxlanLinkSpec(_spec.Name)
        {
            Id = _spec.Config.Vni,
            Address = _mac,
            Mtu = mtu,
            ParentIndex = uplink.Index,
            Local = local,
            Port = _spec.Config.Port,
            Learning = _spec.Config.Learning,
            Gbp = _spec.Config.Gbp,
        };
        try
        {
            Link link = _netlink.CreateLink(spec);
            VxlanBackend.Log.DeviceCreated(_logger, _spec.Name, link.Index, link.Address, link.Mtu, uplink.Name);
            return link;
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

    private string? FindVniHolder() =>
        _netlink.GetLinks().FirstOrDefault(link => link.Vxlan?.Id == _spec.Config.Vni && link.Name != _spec.Name)?.Name;

    /// <summary>Changes in place what the kernel lets change in place.</summary>
    private Link Adjust(Link link, IPAddress local, int mtu)
    {
        bool isMacWrong = _mac is not null && !_mac.Equals(link.Address);
        if (isMacWrong && _state is not null) isMacWrong = IsMacToBeRepaired(link.Address);
        var change = new LinkChange
        {
            Address = isMacWrong ? _mac : null,
            Mtu = link.Mtu == mtu ? null : mtu,
            VxlanLearning = link.Vxlan!.Learning == _spec.Config.Learning ? null : _spec.Config.Learning,
            VxlanLocal = local.Equals(link.Vxlan.Local) ? null : local,
        };
        return change == new LinkChange() ? link : Change(link, change);
    }

    private bool IsMacToBeRepaired(PhysicalAddress? found)
    {
        if (_lastMacRepair != 0 && _time.GetElapsedTime(_lastMacRepair) > MacRepairWindow) _macRepairs = 0;
        if (_macRepairs >= MaximumMacRepairs && found is not null && MacAddress.IsUsable(found))
        {
            VxlanBackend.Log.MacAccepted(_logger, _spec.Name, found, _mac);
            _mac = found;
            _macRepairs = 0;
            return false;
        }

        _macRepairs++;
        _lastMacRepair = _time.GetTimestamp();
        VxlanBackend.Log.MacRepaired(_logger, _spec.Name, found, _mac);
        return true;
    }

    private Link Activate(Link link, IPAddress subnetBase, IReadOnlyList<InterfaceAddress> addresses)
    {
        int length = _spec.Family == AddressFamily.InterNetworkV6 ? 128 : 32;
        bool isThere = false;
        foreach (InterfaceAddress address in addresses)
        {
            if (address.LinkIndex != link.Index) continue;
            if (address.Address.Equals(subnetBase) && address.PrefixLength == length) isThere = true;
            else if (_spec.Network.Contains(address.Address)) _netlink.DeleteAddress(address);
        }

        if (!isThere)
        {
            _netlink.AddAddress(new InterfaceAddress
            {
                LinkIndex = link.Index,
                Address = subnetBase,
                PrefixLength = length,
                // The address is the node's own by its lease; the kernel would keep it unusable for a second to ask peers that cannot answer.
                Flags = length == 128 ? AddressFlags.NoDad : AddressFlags.None,
            });
        }

        return link.IsUp ? link : Adjust(Change(link, new LinkChange { IsUp = true }), link.Vxlan!.Local!, link.Mtu);
    }

    private Link Change(Link link, LinkChange change)
    {
        _netlink.ChangeLink(link.Index, change);
        return _netlink.FindLink(link.Index)
            ?? throw new VxlanDeviceException(_spec.Name, $"{_spec.Name} was deleted while it was being changed.", isTransient: true);
    }
}
