using Flannel.Core.Observation;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel;

/// <summary>
/// Watches a network from outside: its configuration and everything that hosts lease. It writes nothing, renews nothing and needs no node. Registered
/// together with <see cref="IFlannelAdministration"/>, and resolved like it.
/// </summary>
public interface IFlannelObserver
{
    /// <summary>Observes a network over its store, without registering anything: one that was made while the process runs, for example.</summary>
    /// <param name="store">The network's store, such as <see cref="IFlannelNode.Store"/>; whoever made it disposes of it.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the system's.</param>
    /// <param name="loggerFactory">Where to log; <see langword="null"/> logs nothing.</param>
    static IFlannelObserver Over(ILeaseStore store, TimeProvider? timeProvider = null, ILoggerFactory? loggerFactory = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        TimeProvider time = timeProvider ?? TimeProvider.System;
        return new FlannelObserver(
            "", DeadlineLeaseStore.OfAdministration(store, time), time,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<FlannelObserver>());
    }

    /// <summary>The network's name in this process; empty for the default network, and over a store.</summary>
    string Name { get; }

    /// <summary>
    /// Delivers the whole network once (<see cref="NetworkSnapshot"/>), and then each difference, complete and in order per key. A store that goes
    /// away is reported and waited for; what changed meanwhile follows when it is back, intermediate states excepted.
    /// </summary>
    /// <remarks>
    /// Where the store is away from the start, <see cref="StoreReachability"/> comes before the snapshot. Any number of readers may watch at the same
    /// time, each over its own watch of the store. A slow reader holds up nobody else.
    /// </remarks>
    /// <param name="cancellationToken">
    /// Ends the sequence by an <see cref="OperationCanceledException"/>, within seconds whatever the store does.
    /// </param>
    IAsyncEnumerable<NetworkEvent> WatchAsync(CancellationToken cancellationToken = default);
}
