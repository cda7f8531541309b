using Flannel.Extensibility;

namespace Flannel.Simulation.Models;

/// <summary>
/// A backend as the ones for the kernel are, on a kernel that is a model: it creates or adopts the device, says what to publish, and has the
/// product's reconciler write the entries.
/// </summary>
internal sealed class SimulatedBackend(SimulatedHost host, NodeLife life) : IBackend
{
    public const string BackendName = "sim";

    public string Name => BackendName;

    public string? RefuseLiveChange(NetworkConfig running, NetworkConfig wanted) => null;

    public Task<IBackendNetwork> CreateNetworkAsync(BackendContext context, CancellationToken cancellationToken)
    {
        life.SessionStarted = host.Now;
        return Task.FromResult<IBackendNetwork>(new SimulatedNetwork(host, life, context));
    }
}
