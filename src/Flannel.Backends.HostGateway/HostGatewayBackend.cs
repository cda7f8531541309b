using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Backends.HostGateway.DataPath;
using Flannel.Backends.HostGateway.Diagnostics;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Flannel.Linux.Hosts;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.HostGateway;

/// <summary>
/// flannel's host-gw backend: every host is the gateway of its subnet, one plain route per peer. Nothing is wrapped, so nothing is lost of the MTU;
/// but all hosts must be on one layer-2 network.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads back-offs.</param>
/// <param name="logger">Where to say what happens.</param>
internal sealed partial class HostGatewayBackend(TimeProvider time, Random random, ILogger<HostGatewayBackend> logger) : IBackend
{
    /// <summary>The backend's name in the network configuration and in leases.</summary>
    public const string TypeName = "host-gw";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return prefix.IsRouteToSubnet(config);
    }

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
        HostGatewaySpec[] specs = [.. CreateSpecs(context)];
        var host = new HostKernel(context.NetworkNamespace);
        var dataPaths = new List<HostGatewayDataPath>();
        try
        {
            foreach (HostGatewaySpec spec in specs)
            {
                KernelRefusal.Translate(spec.UplinkName, () => dataPaths.Add(
                    new HostGatewayDataPath(spec, context.ResyncInterval, host, time, new Random(random.Next()), logger)));
                KernelRefusal.Translate(spec.UplinkName, dataPaths[^1].Prepare);
            }

            return new HostGatewayNetwork(host, dataPaths);
        }
        catch
        {
            foreach (HostGatewayDataPath dataPath in dataPaths) await dataPath.DisposeAsync().ConfigureAwait(false);
            host.Dispose();
            throw;
        }
    }

    private static IEnumerable<HostGatewaySpec> CreateSpecs(BackendContext context)
    {
        NetworkConfig config = context.Config;
        ExternalInterface external = context.ExternalInterface;
        if (config.EnableIPv4)
            yield return CreateSpec(AddressFamily.InterNetwork, config.Network, config.SubnetLength, external.Address, external.PublicIP, "PublicIP");
        if (config.EnableIPv6)
        {
            yield return CreateSpec(
                AddressFamily.InterNetworkV6, config.IPv6Network, config.IPv6SubnetLength, external.AddressIPv6, external.PublicIPv6, "PublicIPv6");
        }

        HostGatewaySpec CreateSpec(
            AddressFamily family, IPNetwork? network, int subnetLength, IPAddress? address, IPAddress? publicAddress, string option)
        {
            if (network is null) throw new ArgumentException($"The network configuration has no network for {family}.", nameof(context));
            if (address is null) throw new ArgumentException($"The external interface {external.Name} has no address for {family}.", nameof(context));
            if (publicAddress is not null && !publicAddress.Equals(address))
                throw new HostGatewayAddressException(external.Name, address, publicAddress, option);
            return new HostGatewaySpec
            {
                Family = family,
                Network = network.Value,
                SubnetLength = subnetLength,
                UplinkName = external.Name,
                UplinkIndex = external.Index,
                Address = address,
            };
        }
    }
}
