using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Flannel.Extensibility;

namespace Flannel.Lab.Backends;

/// <summary>Traffic rules that hold as soon as the test says so, without a packet filter.</summary>
public sealed class FakeTrafficRules(PacketFilter filter = PacketFilter.Iptables) : ITrafficRules
{
    private readonly ConcurrentQueue<string> _calls = new();

    public PacketFilter Filter => filter;

    public IReadOnlyList<string> Calls => [.. _calls];

    /// <summary>What the rules wait for; nothing by default.</summary>
    public Task Applied { get; set; } = Task.CompletedTask;

    public async IAsyncEnumerable<TrafficStatus> KeepAsync(TrafficPolicy policy, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        _calls.Enqueue("keep");
        await Applied.WaitAsync(cancellationToken);
        yield return new TrafficStatus(null);
        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
    }

    public Task RemoveAsync(TrafficPolicy policy, CancellationToken cancellationToken)
    {
        _calls.Enqueue("remove");
        return Task.CompletedTask;
    }
}
