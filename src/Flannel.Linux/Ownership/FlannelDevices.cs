using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Linux.Ownership;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Links;

namespace Flannel.Extensibility;

/// <summary>
/// Tells which devices a backend of flannel or of this library made, whichever backend it was. A name alone proves nothing: the device must also be
/// of the kind that goes with the name. Which network a device belongs to is told by its addresses and routes, not here.
/// </summary>
/// <remarks>Thread-safe. Remembers what it found until <see cref="Forget(int)"/>.</remarks>
/// <param name="netlink">The kernel.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class FlannelDevices(RouteNetlink netlink)
{
    private readonly ConcurrentDictionary<int, bool> _known = [];

    /// <summary>Whether a backend made a device: its kind goes with its name.</summary>
    /// <param name="device">Any device.</param>
    public static bool IsOne(Link device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Kind is { } kind && FlannelDeviceName.KindOf(device.Name) == kind && device.Vxlan is not { CollectMetadata: true };
    }

    /// <summary>Whether a process has the device open. Its data path is alive; only TUN devices can be.</summary>
    /// <param name="device">A device of a backend.</param>
    public static bool IsInUse(Link device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return device.Kind == FlannelDeviceName.Tun && (device.Flags & LinkFlags.LowerUp) != 0;
    }

    /// <summary>
    /// The indexes of all devices that a backend made and that no process has open; the running network's own tunnel is among them.
    /// </summary>
    public IReadOnlyList<int> Find()
    {
        int[] found = [.. netlink.GetLinks().Where(IsLeftover).Select(static link => link.Index)];
        Forget();
        foreach (int index in found) _known[index] = true;
        return found;
    }

    /// <summary>Whether the device with this index is one that a backend made and that no process has open.</summary>
    /// <param name="index">A device's index; 0 is none.</param>
    public bool IsLeftover(int index) =>
        index != 0 && _known.GetOrAdd(index, static (index, netlink) => netlink.FindLink(index) is { } link && IsLeftover(link), netlink);

    /// <summary>Looks again at a device the next time: it may have been renamed, or its index be another device's.</summary>
    /// <param name="index">The device's index.</param>
    public void Forget(int index) => _known.TryRemove(index, out _);

    /// <summary>Looks again at every device the next time.</summary>
    public void Forget() => _known.Clear();

    private static bool IsLeftover(Link link) => IsOne(link) && !IsInUse(link);
}
