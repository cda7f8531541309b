using Flannel.Extensibility;

namespace Flannel.Testing.Tests.Contracts;

/// <summary>A backend in which single calls can be replaced by wrong ones. The others are those of a backend that keeps every rule.</summary>
internal sealed class MutantBackend : IBackend
{
    public MutantBackend() => (Find, Check, Device, LiveChange, IsOwn) =
        (static () => "fake", Right.CheckConfig, Right.GetDeviceName, Right.RefuseLiveChange, Right.Owns);

    /// <summary>The backend that keeps the rules.</summary>
    public FakeBackend Right { get; } = new();

    public Func<string> Find { get; set; }

    public Func<NetworkConfig, IReadOnlyList<NetworkConfigProblem>> Check { get; set; }

    public Func<NetworkConfig, string?> Device { get; set; }

    public Func<NetworkConfig, NetworkConfig, string?> LiveChange { get; set; }

    public Func<HostPrefix, NetworkConfig, bool> IsOwn { get; set; }

    /// <summary>Changes every network that is created.</summary>
    public Action<MutantNetwork> Networks { get; set; } = static _ => { };

    public string Name => Find();

    public bool Owns(HostPrefix prefix, NetworkConfig config) => IsOwn(prefix, config);

    public IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config) => Check(config);

    public string? GetDeviceName(NetworkConfig config) => Device(config);

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => LiveChange(running, wanted);

    public async Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        var network = new MutantNetwork((FakeBackendNetwork)await Right.CreateNetworkAsync(context, cancellationToken));
        Networks(network);
        return network;
    }
}
