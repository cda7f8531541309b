using Flannel.Core.Observation;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Administration;

/// <summary>
/// Administers a network over its lease store. Every method reads the store, decides, and writes under the condition that nothing has changed.
/// </summary>
internal sealed partial class FlannelAdministration : IFlannelAdministration
{
    // Each attempt fails only because somebody else has written; more often than this nobody writes by hand.
    private const int MaxAttempts = 10;

    private readonly DeadlineLeaseStore _store;
    private readonly Func<IEnumerable<IBackend>> _backends;
    private readonly ILogger _logger;

    /// <param name="name">The network's name in this process.</param>
    /// <param name="store">The store, whose calls end in bounded time.</param>
    /// <param name="backends">The backends of this program, asked for if a configuration names one that is none of flannel's.</param>
    /// <param name="logger">Where to log.</param>
    public FlannelAdministration(string name, DeadlineLeaseStore store, Func<IEnumerable<IBackend>> backends, ILogger<FlannelAdministration> logger)
    {
        Name = name;
        _store = store;
        _backends = backends;
        _logger = logger;
    }

    public string Name { get; }

    private async Task<ObservedNetwork> ReadAsync(CancellationToken cancellationToken) =>
        ObservedNetwork.Read(await _store.ListAsync(null, cancellationToken).ConfigureAwait(false), _store.ConfigSource);
}
