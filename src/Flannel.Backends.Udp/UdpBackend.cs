using System.Diagnostics.Metrics;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Backends.Udp;

/// <summary>
/// flannel's udp backend: packets pass through this process, from a TUN device into UDP datagrams and back.
/// </summary>
/// <param name="options">This host's own choices.</param>
/// <param name="services">What the host application provides.</param>
/// <param name="meters">Makes the meter, if anybody measures.</param>
internal sealed partial class UdpBackend(UdpBackendOptions options, KernelServices services, IMeterFactory? meters = null) : IBackend
{
    /// <summary>The backend's name in the network configuration; leases do not name it.</summary>
    public const string TypeName = "udp";

    public string Name => TypeName;

    public bool Owns(HostPrefix prefix, NetworkConfig config) => NetworkOwnership.Owns(prefix, config);

    public IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        try
        {
            _ = UdpBackendConfig.Parse(config);
            return [];
        }
        catch (NetworkConfigException error)
        {
            return error.Problems;
        }
    }

    public IReadOnlyList<string> GetClaims(NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        try
        {
            return [$"the UDP port {UdpBackendConfig.Parse(config).Port}"];
        }
        catch (NetworkConfigException)
        {
            return []; // reported where the network is created
        }
    }

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted)
    {
        try
        {
            int before = UdpBackendConfig.Parse(running).Port;
            int after = UdpBackendConfig.Parse(wanted).Port;
            return before == after
                ? null
                : $"the Backend block asks for Port {after} instead of {before}, which cuts this node off from every peer that has not changed yet";
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
            ? Task.FromResult<IBackendNetwork>(CreateNetwork(context))
            : throw new PlatformNotSupportedException($"The backend {TypeName} works on Linux; this is {Environment.OSVersion}.");
    }

    [SupportedOSPlatform("linux")]
    private UdpNetwork CreateNetwork(BackendContext context)
    {
        UdpSpec spec = CreateSpec(context);
        var network = new UdpNetwork(spec, context, services, meters);
        try
        {
            network.Prepare();
            return network;
        }
        catch
        {
            network.Close();
            throw;
        }
    }

    private UdpSpec CreateSpec(BackendContext context) => new()
    {
        Families = NetworkFamily.From(context),
        Port = UdpBackendConfig.Parse(context.Config).Port,
        Options = options,
        Guard = GuardFor(context.Guard),
    };

    /// <summary>Where this backend takes packets of unknown senders, so does the guard, but for a list of those that are meant.</summary>
    private GuardOptions GuardFor(GuardOptions wanted)
    {
        var guard = new GuardOptions
        {
            Enabled = wanted.Enabled,
            AcceptUnknownSenders = wanted.AcceptUnknownSenders || (options.AcceptUnknownSenders && wanted.Senders.Count == 0),
            AcceptContainers = wanted.AcceptContainers,
            AcceptForeignSources = wanted.AcceptForeignSources,
            AcceptForeignDestinations = wanted.AcceptForeignDestinations,
        };
        foreach (string sender in wanted.Senders) guard.Senders.Add(sender);
        return guard;
    }
}
