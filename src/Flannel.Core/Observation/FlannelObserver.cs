using System.Runtime.CompilerServices;
using Flannel.Core.Stores;
using Flannel.Extensibility;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Observation;

/// <summary>Observes a network over its lease store.</summary>
/// <param name="name">The network's name in this process.</param>
/// <param name="store">The store, whose calls end in bounded time.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Where to log.</param>
internal sealed class FlannelObserver(string name, DeadlineLeaseStore store, TimeProvider time, ILogger<FlannelObserver> logger) : IFlannelObserver
{
    public string Name => name;

    public async IAsyncEnumerable<NetworkEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var follower = new NetworkFollower(store, time, HostServices.NewRandom(), logger);
        await using (follower.ConfigureAwait(false))
        {
            while (true)
            {
                while (follower.TryTake(out NetworkEvent? item)) yield return item;
                await follower.StepAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
