using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Flannel.Extensibility;

namespace Flannel.Lab.Backends;

/// <summary>Traffic rules that hold as soon as the test says so, without a packet filter.</summary>
public sealed class FakeTrafficRules(PacketFilter filter = PacketFilter.Iptables) : ITrafficRules
{
    private readonly ConcurrentQueue<string> _calls = new();
    private readonly TaskCompletionSource _kept = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _removed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PacketFilter Filter => filter;

    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>Ends with the first call of <see cref="KeepAsync"/>.</summary>
    public Task Kept => _kept.Task;

    /// <summary>Ends with the first call of <see cref="RemoveAsync"/>.</summary>
    public Task Removed => _removed.Task;

    /// <summary>What the rules wait for; nothing by default.</summary>
    public Task Applied { get; set; } = Task.CompletedTask;

    public async IAsyncEnumerable<TrafficStatus> KeepAsync(TrafficPolicy policy, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _calls.Enqueue("keep");
        _kept.TrySetResult();
        await Applied.WaitAsync(cancellationToken);
        yield return new TrafficStatus(null);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    public Task RemoveAsync(TrafficPolicy policy, CancellationToken cancellationToken)
    {
        _calls.Enqueue("remove");
        _removed.TrySetResult();
        return Task.CompletedTask;
    }
}
