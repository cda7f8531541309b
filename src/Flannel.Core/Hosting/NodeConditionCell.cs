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
            isNews = before.State != after.State || (after.State != FlannelNodeState.Starting && IsNews(former, _condition));
        }

        if (isNews) onStateChanged(after);
    }

    private static bool IsNews(NodeCondition before, NodeCondition after) =>
        before.StartError?.Message != after.StartError?.Message || before.LogKey != after.LogKey;

    public IAsyncEnumerable<FlannelNodeStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public void Complete() => _status.Complete();
}
