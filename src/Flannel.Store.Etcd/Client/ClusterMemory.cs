using Etcdserverpb;
using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Which cluster answered so far, and the newest revision it showed. An endpoint of another cluster, or one that shows the past, would make subnets
/// appear free that are taken. Safe for concurrent use.
/// </summary>
internal sealed class ClusterMemory
{
    private readonly Lock _lock = new();

    // Guarded by _lock; 0 before the first answer.
    private ulong _id;
    private long _revision;

    /// <summary>The newest revision seen.</summary>
    public long Revision
    {
        get
        {
            lock (_lock)
                return _revision;
        }
    }

    /// <summary>Checks and remembers an answer.</summary>
    /// <param name="header">What the answer says of its origin.</param>
    /// <param name="atLeast">The revision that the answer must have reached: the newest one seen before the question.</param>
    /// <exception cref="GrpcException">The answer is from another cluster or from the past.</exception>
    public void Check(ResponseHeader? header, long atLeast)
    {
        // A watch that was cancelled answers without a proper header.
        if (header is null || header.ClusterId == 0)
            return;

        lock (_lock)
        {
            if (_id == 0)
                _id = header.ClusterId;
            if (_id != header.ClusterId)
            {
                throw Refused(
                    $"it belongs to cluster {header.ClusterId:x}, but cluster {_id:x} answered before: all endpoints must be of one cluster");
            }

            if (header.Revision < atLeast)
                throw Refused($"it shows revision {header.Revision}, but revision {atLeast} was seen before: was it restored from a backup?");
            _revision = Math.Max(_revision, header.Revision);
        }
    }

    /// <summary>Forgets everything. For when every endpoint says the same, so that the cluster itself was replaced.</summary>
    public void Forget()
    {
        lock (_lock)
            (_id, _revision) = (0, 0);
    }

    private static GrpcException Refused(string why) => new(StatusCode.Unavailable, why)
    {
        IsOtherCluster = true,
        IsLasting = true,
        Kind = StoreErrorKind.UnexpectedAnswer,
    };
}
