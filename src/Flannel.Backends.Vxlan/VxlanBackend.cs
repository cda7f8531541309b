using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.Vxlan.Devices;
using Flannel.Extensibility;

namespace Flannel.Backends.Vxlan;

/// <summary>
/// flannel's VXLAN backend: the kernel carries the packets, we keep its devices, neighbours, FDB entries and routes as they should be.
/// </summary>
/// <param name="options">This host's own choices.</param>
/// <param name="services">What the host application provides.</param>
internal sealed partial class VxlanBackend(VxlanBackendOptions options, KernelServices services) : IBackend
{
    /// <summary>The backend's name in the network configuration and in leases.</summary>
    public const string TypeName = "vxlan";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config) => NetworkOwnership.Owns(prefix, config);

    public IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return TryParse(config, out _);
    }

    public string? GetDeviceName(NetworkConfig config) => FindDeviceNames(config) is [{ } first, ..] ? first : null;

    public IReadOnlyList<string> GetClaims(NetworkConfig config) => [.. FindDeviceNames(config).Select(static device => $"the device {device}")];

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted)
    {
        ArgumentNullException.ThrowIfNull(running);
        ArgumentNullException.ThrowIfNull(wanted);
        try
        {
            VxlanBackendConfig before = VxlanBackendConfig.Parse(running);
            VxlanBackendConfig after = VxlanBackendConfig.Parse(wanted);
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
        VxlanBackendConfig config = VxlanBackendConfig.Parse(context.Config);
        return await KernelNetwork.CreateAsync(TypeName, context, services, NewMechanism).ConfigureAwait(false);

        VxlanMechanism NewMechanism(KernelContext kernel) =>
            new(
                kernel,
                config,
                ChooseMac(kernel.Family.Family, context.PreviousAttributes),
                new Random(services.Random.Next()),
                options.NexthopThreshold);
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

    /// <summary>One name per address family, IPv4 first; none if the configuration does not say which.</summary>
    private static IReadOnlyList<string> FindDeviceNames(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (TryParse(config, out VxlanBackendConfig? parsed).Count > 0) return [];
        try
        {
            return
            [
                .. config.EnableIPv4 ? new[] { VxlanDeviceName.For(parsed!.Vni, AddressFamily.InterNetwork) } : [],
                .. config.EnableIPv6 ? new[] { VxlanDeviceName.For(parsed!.Vni, AddressFamily.InterNetworkV6) } : [],
            ];
        }
        catch (VxlanDeviceException)
        {
            return []; // reported where the network is created
        }
    }

    private static IReadOnlyList<NetworkConfigProblem> TryParse(NetworkConfig config, out VxlanBackendConfig? parsed)
    {
        parsed = null;
        try
        {
            parsed = VxlanBackendConfig.Parse(config);
            return [];
        }
        catch (NetworkConfigException error)
        {
            return error.Problems;
        }
    }
}
