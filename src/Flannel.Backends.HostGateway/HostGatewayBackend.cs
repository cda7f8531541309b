using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Backends.HostGateway;

/// <summary>
/// flannel's host-gw backend: every host is the gateway of its subnet, one plain route per peer. Nothing is wrapped, so nothing is lost of the MTU;
/// but all hosts must be on one layer-2 network.
/// </summary>
/// <param name="services">What the host application provides.</param>
internal sealed class HostGatewayBackend(KernelServices services) : IBackend
{
    /// <summary>The backend's name in the network configuration and in leases.</summary>
    public const string TypeName = "host-gw";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config) => NetworkOwnership.Owns(prefix, config);

    /// <summary>The backend's own block holds nothing but its name.</summary>
    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

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
        ExternalInterface external = context.ExternalInterface;
        if (context.Config.EnableIPv4) CheckAddress(external, external.Address, external.PublicIP, "PublicIP");
        if (context.Config.EnableIPv6) CheckAddress(external, external.AddressIPv6, external.PublicIPv6, "PublicIPv6");
        return await KernelNetwork.CreateAsync(TypeName, context, services, static kernel => new HostGatewayMechanism(kernel)).ConfigureAwait(false);
    }

    private static void CheckAddress(ExternalInterface external, IPAddress? address, IPAddress? publicAddress, string option)
    {
        if (address is not null && publicAddress is not null && !publicAddress.Equals(address))
            throw new HostGatewayAddressException(external.Name, address, publicAddress, option);
    }
}
