using System.Collections.Concurrent;
using Flannel.Extensibility;

namespace Flannel.Testing.Backends;

/// <summary>A backend without a kernel: it records what it is asked for.</summary>
public sealed class FakeBackend(string name = "fake") : IBackend
{
    private readonly ConcurrentQueue<FakeBackendNetwork> _networks = new();
    private volatile TaskCompletionSource? _hold;

    public string Name { get; } = name;

    /// <summary>Devices whose prefixes count as the backend's own.</summary>
    public HashSet<string> OwnDevices { get; } = [];

    /// <summary>Thrown by <see cref="CreateNetworkAsync"/> while set.</summary>
    public Exception? CreateError { get; set; }

    /// <summary>Every network created so far, oldest first.</summary>
    public IReadOnlyList<FakeBackendNetwork> Networks => [.. _networks];

    public bool Owns(HostPrefix prefix, NetworkConfig config) => OwnDevices.Contains(prefix.Device);

    /// <summary>The backend data that networks publish from their creation on.</summary>
    public string? Data { get; set; }

    /// <summary>Why no change of the backend's block can be followed; <see langword="null"/> if every one can.</summary>
    public string? LiveChangeRefusal { get; set; }

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => LiveChangeRefusal;

    /// <summary>Thrown by <see cref="FakeBackendNetwork.StartAsync"/> of networks that are created while it is set.</summary>
    public Exception? StartError { get; set; }

    /// <summary>What is wrong with the backend's block, whatever stands there.</summary>
    public IReadOnlyList<NetworkConfigProblem> BlockProblems { get; set; } = [];

    public IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config) => BlockProblems;

    /// <summary>The device that networks want, whatever their configuration.</summary>
    public string? DeviceName { get; set; }

    public string? GetDeviceName(NetworkConfig config) => DeviceName;

    /// <summary>Holds up every creation from now on, whatever becomes of its token.</summary>
    /// <returns>Lets them go on.</returns>
    public TaskCompletionSource HoldCreation() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        if (_hold is { } hold) await hold.Task;
        if (CreateError is { } error) throw error;
        var network = new FakeBackendNetwork(Name, context) { StartError = StartError };
        network.Attributes = network.Attributes with { BackendData = Data };
        _networks.Enqueue(network);
        return network;
    }
}
