using Flannel.Extensibility;

namespace Flannel.Core.Hosting;

/// <summary>The node's condition, changed from several loops, and the status that everybody sees.</summary>
/// <param name="onStateChanged">Told of every change of the state or its reason, in no particular thread.</param>
internal sealed class NodeConditionCell(Action<FlannelNodeStatus> onStateChanged)
{
    private readonly Lock _gate = new();

    // Of thousands of peers it is enough to know that somebody has changed something.
    private readonly LatestValue<FlannelNodeStatus> _status = new(
        new NodeCondition().ToStatus(),
        EqualityComparer<FlannelNodeStatus>.Create(static (one, other) => ReferenceEquals(one?.Peers, other?.Peers) && Equals(one, other)));

    private NodeCondition _condition = new();

    public FlannelNodeStatus Status => _status.Value;

    public void Change(Func<NodeCondition, NodeCondition> change)
    {
        FlannelNodeStatus before;
        FlannelNodeStatus after;
        bool isNews;

        // The status is published under the lock, so that two changes cannot be published in the wrong order.
        lock (_gate)
        {
            before = _status.Value;
            NodeCondition former = _condition;
            _condition = change(former).Settle();
            after = _condition.ToStatus();
            _status.Publish(after);
            isNews = before.State != after.State || (IsTold(after) && IsNews(former, _condition));
        }

        if (isNews) onStateChanged(after);
    }

    // What a start goes through is no news, what it fails for is.
    private static bool IsTold(FlannelNodeStatus status) => status.State != FlannelNodeState.Starting || status.Error is not null;

    private static bool IsNews(NodeCondition before, NodeCondition after) =>
        KeyOf(before.StartError) != KeyOf(after.StartError) || before.LogKey != after.LogKey;

    // A store that is away says it in other words at every attempt.
    private static string? KeyOf(Exception? error) => error is StoreException store ? $"{nameof(StoreException)} {store.Kind}" : error?.Message;

    public IAsyncEnumerable<FlannelNodeStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public void Complete() => _status.Complete();
}
