using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.DataPath;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Core.Diagnostics;
using Flannel.Core.Leases;
using Flannel.Linux.Hosts;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Vxlan;

/// <summary>
/// flannel's VXLAN backend: the kernel carries the packets, we keep its devices, neighbours, FDB entries and routes as they shall be.
/// </summary>
/// <param name="options">This host's own choices.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Makes MACs and spreads back-offs.</param>
/// <param name="logger">Where to say what happens.</param>
internal sealed partial class VxlanBackend(VxlanBackendOptions options, TimeProvider time, Random random, ILogger<VxlanBackend> logger) : IBackend
{
    /// <summary>The backend's name in the network configuration and in leases.</summary>
    public const string TypeName = "vxlan";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return VxlanDeviceName.IsOne(prefix.Device) || prefix.IsRouteToSubnet(config); // the latter is what direct routing leaves
    }

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted)
    {
        ArgumentNullException.ThrowIfNull(running);
        ArgumentNullException.ThrowIfNull(wanted);
        try
        {
            VxlanNetworkConfig before = VxlanNetworkConfig.Parse(running);
            VxlanNetworkConfig after = VxlanNetworkConfig.Parse(wanted);
            string[] differing =
            [
                .. before.Vni == after.Vni ? [] : new[] { $"VNI {after.Vni} instead of {before.Vni}" },
                .. before.Port == after.Port ? [] : new[] { $"Port {after.Port} instead of {before.Port}" },
                .. before.Gbp == after.Gbp ? [] : new[] { $"GBP {after.Gbp} instead of {before.Gbp}" },
            ];
            return differing.Length == 0
                ? null
                : $"the Backend block asks for {string.Join(" and ", differing)}, which cuts this node off from every peer that has not changed yet";
        }
        catch (NetworkConfigException error)
        {
            return error.Message;
        }
    }

    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        return OperatingSystem.IsLinux()
            ? CreateNetworkAsync(context)
            : throw new PlatformNotSupportedException($"The backend {TypeName} programs the Linux kernel; this is {Environment.OSVersion}.");
    }

    [SupportedOSPlatform("linux")]
    private async Task<IBackendNetwork> CreateNetworkAsync(BackendContext context)
    {
        VxlanNetworkConfig config = VxlanNetworkConfig.Parse(context.Config);
        VxlanDeviceSpec[] specs = [.. CreateSpecs(context, config)];
        var host = new HostKernel(context.NetworkNamespace);
        var dataPaths = new List<VxlanDataPath>();
        try
        {
            foreach (VxlanDeviceSpec spec in specs)
            {
                PhysicalAddress? mac = ChooseMac(spec.Family, context.PreviousAttributes);
                KernelRefusal.Translate(spec.Name, () => dataPaths.Add(new VxlanDataPath(
                    spec, mac, options.NexthopThreshold, context.ResyncInterval, host, time, new Random(random.Next()), logger)));
                KernelRefusal.Translate(spec.Name, dataPaths[^1].Prepare);
            }

            return new VxlanNetwork(config, context.ExternalInterface, host, dataPaths);
        }
        catch
        {
            foreach (VxlanDataPath dataPath in dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
            host.Dispose();
            throw;
        }
    }

    private static IEnumerable<VxlanDeviceSpec> CreateSpecs(BackendContext context, VxlanNetworkConfig config)
    {
        NetworkConfig whole = context.Config;
        ExternalInterface external = context.ExternalInterface;
        if (whole.EnableIPv4)
            yield return CreateSpec(AddressFamily.InterNetwork, whole.Network, whole.SubnetLength, external.Address, external.PublicIP);
        if (whole.EnableIPv6)
        {
            yield return CreateSpec(
                AddressFamily.InterNetworkV6, whole.IPv6Network, whole.IPv6SubnetLength, external.AddressIPv6, external.PublicIPv6);
        }

        VxlanDeviceSpec CreateSpec(AddressFamily family, IPNetwork? network, int subnetLength, IPAddress? address, IPAddress? publicAddress) => new()
        {
            Family = family,
            Name = VxlanDeviceName.For(config.Vni, family),
            Network = network ?? throw new ArgumentException($"The network configuration has no network for {family}.", nameof(context)),
            SubnetLength = subnetLength,
            Config = config,
            UplinkName = external.Name,
            UplinkIndex = external.Index,
            InterfaceAddress = address
                ?? throw new ArgumentException($"The external interface {external.Name} has no address for {family}.", nameof(context)),
            PublicAddress = publicAddress ?? address,
        };
    }

    /// <summary>The MAC that was chosen or published before; <see langword="null"/> keeps that of an existing device or makes a random one.</summary>
    private PhysicalAddress? ChooseMac(AddressFamily family, LeaseAttributes? previous)
    {
        (string? chosen, string? published) = family == AddressFamily.InterNetworkV6
            ? (options.MacAddressIPv6, previous?.BackendV6Data)
            : (options.MacAddress, previous?.BackendData);
        if (MacAddress.TryParse(chosen, out PhysicalAddress? mac)) return mac;
        return previous?.BackendType == TypeName && VxlanLeaseData.TryParse(published, out VxlanLeaseData? data, out _) ? data.VtepMac : null;
    }
}
