using Flannel.Core.State;

namespace Flannel.Core.Hosting;

/// <summary>The node's condition, changed from several loops, and the status that everybody sees.</summary>
/// <param name="onStateChanged">Told of every change of the state or its reason, in no particular thread.</param>
internal sealed class NodeConditionCell(Action<FlannelNodeStatus> onStateChanged)
{
    private readonly Lock _gate = new();
    private readonly LatestValue<FlannelNodeStatus> _status = new(new NodeCondition().ToStatus());
    private NodeCondition _condition = new();

    public FlannelNodeStatus Status => _status.Value;

    public void Change(Func<NodeCondition, NodeCondition> change)
    {
        FlannelNodeStatus before;
        FlannelNodeStatus after;

        // The status is published under the lock, so that two changes cannot be published in the wrong order.
        lock (_gate)
        {
            before = _status.Value;
            _condition = change(_condition).Settle();
            after = _condition.ToStatus();
            _status.Publish(after);
        }

        if (before.State != after.State || (before.Reason != after.Reason && after.State != FlannelNodeState.Starting)) onStateChanged(after);
    }

    public IAsyncEnumerable<FlannelNodeStatus> WatchAsync(CancellationToken cancellationToken) => _status.WatchAsync(cancellationToken);

    public void Complete() => _status.Complete();
}
