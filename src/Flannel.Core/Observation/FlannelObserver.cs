using System.Runtime.CompilerServices;
using Flannel.Core.Stores;
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
        // A generator for each reader: one with a seed is not safe for concurrent use. A new Guid is of the kernel's random bits.
        var follower = new NetworkFollower(store, time, new Random(Guid.NewGuid().GetHashCode()), logger);
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
