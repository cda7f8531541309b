using System.Collections.Concurrent;
using Flannel.Extensibility;

namespace Flannel.Testing;

/// <summary>
/// A backend without a kernel, for one host: it keeps what it would tell a kernel in <see cref="DataPath"/>, records what it is asked for, and fails
/// where the test says so. It passes <see cref="BackendContract"/>. Safe for concurrent use.
/// </summary>
/// <param name="name">The name by which the configuration's <c>Backend.Type</c> finds it. Default <c>fake</c>.</param>
public sealed class FakeBackend(string name = "fake") : IBackend
{
    private readonly ConcurrentQueue<FakeBackendNetwork> _networks = new();
    private volatile TaskCompletionSource? _hold;

    /// <inheritdoc />
    public string Name { get; } = name;

    /// <summary>
    /// The peers that packets of this host find, by subnet: what a kernel would keep, also when a network is closed and another one opened.
    /// </summary>
    public IReadOnlyDictionary<SubnetKey, Lease> DataPath => Kernel;

    /// <summary>Every network created so far, oldest first.</summary>
    public IReadOnlyList<FakeBackendNetwork> Networks => [.. _networks];

    /// <summary>Devices whose prefixes count as the backend's own; none by default.</summary>
    public HashSet<string> OwnDevices { get; } = [];

    /// <summary>Thrown by <see cref="CreateNetworkAsync"/> while set.</summary>
    public Exception? CreateError { get; set; }

    /// <summary>Thrown by <see cref="FakeBackendNetwork.StartAsync"/> of networks that are created while it is set.</summary>
    public Exception? StartError { get; set; }

    /// <summary>The backend data that networks publish from their creation on, as JSON.</summary>
    public string? Data { get; set; }

    /// <summary>Why no change of the backend's block can be followed; <see langword="null"/> (default) if every one can.</summary>
    public string? LiveChangeRefusal { get; set; }

    /// <summary>What is wrong with the backend's block, whatever stands there; nothing by default.</summary>
    public IReadOnlyList<NetworkConfigProblem> BlockProblems { get; set; } = [];

    /// <summary>The device that networks want, whatever their configuration.</summary>
    public string? DeviceName { get; set; }

    internal ConcurrentDictionary<SubnetKey, Lease> Kernel { get; } = new();

    /// <inheritdoc />
    public bool Owns(HostPrefix prefix, NetworkConfig config)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return OwnDevices.Contains(prefix.Device);
    }

    /// <inheritdoc />
    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => LiveChangeRefusal;

    /// <inheritdoc />
    public IReadOnlyList<NetworkConfigProblem> CheckConfig(NetworkConfig config) => BlockProblems;

    /// <inheritdoc />
    public string? GetDeviceName(NetworkConfig config) => DeviceName;

    /// <summary>Holds up every creation from now on, whatever becomes of its token.</summary>
    /// <returns>Lets them go on.</returns>
    public TaskCompletionSource HoldCreation() => _hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc />
    public async Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_hold is { } hold) await hold.Task;
        if (CreateError is { } error) throw error;
        var network = new FakeBackendNetwork(this, context) { StartError = StartError };
        network.Attributes = network.Attributes with { BackendData = Data };
        _networks.Enqueue(network);
        return network;
    }
}
