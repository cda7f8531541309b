using System.Runtime.Versioning;
using Flannel.Core.Backends;
using Flannel.Core.Configuration;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp;

/// <summary>
/// flannel's udp backend: packets pass through this process, from a TUN device into UDP datagrams and back.
/// </summary>
/// <param name="options">This host's own choices.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads back-offs.</param>
/// <param name="logger">Where to say what happens.</param>
internal sealed partial class UdpBackend(UdpBackendOptions options, TimeProvider time, Random random, ILogger<UdpBackend> logger) : IBackend
{
    /// <summary>The backend's name in the network configuration; leases do not name it.</summary>
    public const string TypeName = "udp";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config) => false;

    /// <summary>Any change can be followed: the device is made anew either way, and peers of another port are not heard until they follow, too.</summary>
    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        return OperatingSystem.IsLinux()
            ? CreateNetworkAsync(context)
            : throw new PlatformNotSupportedException($"The backend {TypeName} works on Linux; this is {Environment.OSVersion}.");
    }

    [SupportedOSPlatform("linux")]
    private Task<IBackendNetwork> CreateNetworkAsync(BackendContext context)
    {
        Log.DeviceCreated(logger, "", 0, 0, context.ExternalInterface.Name, options.Offloads);
        _ = (time, random);
        return Task.FromResult<IBackendNetwork>(new UdpNetwork(UdpNetworkConfig.Parse(context.Config), context.ExternalInterface));
    }
}
