using Etcdserverpb;
using Flannel.Store.Etcd.Transport;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Grpc.Core;
using Mvccpb;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// Answers that are valid messages, and yet none that etcd gives: protobuf holds any member for optional. What passes here has all that the store
/// reads, and is about what was asked.
/// </summary>
internal static class EtcdAnswers
{
    // etcd grants no lease for longer.
    private const long MaxSeconds = 9_000_000_000;

    /// <summary>Checks a page, or one key.</summary>
    public static void Check(RangeRequest request, RangeResponse answer)
    {
        CheckHeader(answer.Header, needsRevision: true);
        CheckKeys(request, answer);
    }

    /// <summary>Checks what a transaction's operations answered.</summary>
    public static void Check(TxnRequest request, TxnResponse answer)
    {
        CheckHeader(answer.Header, needsRevision: true);
        RepeatedField<RequestOp> asked = answer.Succeeded ? request.Success : request.Failure;
        if (answer.Responses.Count != asked.Count)
            throw Unexpected($"{asked.Count} operations have {answer.Responses.Count} answers");
        foreach ((RequestOp operation, ResponseOp response) in asked.Zip(answer.Responses))
        {
            if ((int)operation.RequestCase != (int)response.ResponseCase)
                throw Unexpected($"{operation.RequestCase} has {response.ResponseCase} as its answer");
            if (operation.RequestRange is { } range)
                CheckKeys(range, response.ResponseRange);
            if (operation.RequestPut is { PrevKv: true } && response.ResponsePut.PrevKv is null)
                throw Unexpected("the key as it was is missing");
        }
    }

    /// <summary>Checks a lease that was granted.</summary>
    public static void Check(LeaseGrantRequest request, LeaseGrantResponse answer)
    {
        CheckHeader(answer.Header);
        if (answer.TTL <= 0)
            throw Unexpected("a lease was granted for no time");
        CheckLease(request.ID, answer.ID, answer.TTL);
    }

    /// <summary>Checks that a lease was revoked.</summary>
    public static void Check(LeaseRevokeRequest request, LeaseRevokeResponse answer) => CheckHeader(answer.Header);

    /// <summary>Checks how long a lease has; one that is gone has no time, or less.</summary>
    public static void Check(LeaseTimeToLiveRequest request, LeaseTimeToLiveResponse answer)
    {
        CheckHeader(answer.Header);
        CheckLease(request.ID, answer.ID, answer.TTL);
    }

    /// <summary>Checks that a lease was kept alive; one that is gone has no time, or less.</summary>
    public static void Check(LeaseKeepAliveRequest request, LeaseKeepAliveResponse answer)
    {
        CheckHeader(answer.Header);
        CheckLease(request.ID, answer.ID, answer.TTL);
    }

    /// <summary>Checks a token.</summary>
    public static void Check(AuthenticateRequest request, AuthenticateResponse answer)
    {
        CheckHeader(answer.Header);
        if (answer.Token.Length == 0)
            throw Unexpected("the token is empty");
    }

    /// <summary>Checks what came out of a watch.</summary>
    public static void Check(WatchResponse answer)
    {
        // A watch that ends, or whose history is gone, says so and nothing else.
        if (answer.Canceled || answer.CompactRevision != 0)
            return;
        CheckHeader(answer.Header);
        if (answer.Events.Any(static change => change.Kv is null))
            throw Unexpected("an event has no key");
    }

    /// <summary>Checks the first that came out of a watch.</summary>
    public static void CheckFirst(WatchResponse answer)
    {
        Check(answer);
        if (answer is { Created: false, Canceled: false, CompactRevision: 0 })
            throw Unexpected("it is no answer to having asked for a watch");
    }

    private static void CheckHeader(ResponseHeader? header, bool needsRevision = false)
    {
        if (header is null)
            throw Unexpected("the header is missing");
        if (needsRevision && header.Revision <= 0)
            throw Unexpected($"it shows revision {header.Revision}");
    }

    // In order, so that the page behind the last key is another one; a list that goes on has such a key.
    private static void CheckKeys(RangeRequest request, RangeResponse answer)
    {
        ByteString? last = null;
        foreach (KeyValue found in answer.Kvs)
        {
            bool isAsked = request.RangeEnd.IsEmpty
                ? found.Key == request.Key
                : Compare(found.Key, request.Key) >= 0 && Compare(found.Key, request.RangeEnd) < 0;
            if (!isAsked)
                throw Unexpected("it holds a key that was not asked for");
            if (last is not null && Compare(found.Key, last) <= 0)
                throw Unexpected("its keys are not in order");
            last = found.Key;
        }

        if (answer.More && last is null)
            throw Unexpected("there is more behind a page without keys");
    }

    private static void CheckLease(long asked, long answered, long seconds)
    {
        if (answered != asked)
            throw Unexpected($"it is about lease {answered:x}, not about {asked:x}");
        if (seconds > MaxSeconds)
            throw Unexpected($"a lease has {seconds} s");
    }

    private static int Compare(ByteString one, ByteString other) => one.Span.SequenceCompareTo(other.Span);

    private static GrpcException Unexpected(string detail) =>
        new(StatusCode.Internal, $"its answer makes no sense: {detail}") { Kind = StoreErrorKind.UnexpectedAnswer };
}
