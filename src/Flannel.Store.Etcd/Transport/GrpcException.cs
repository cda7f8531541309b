using Flannel.Extensibility;
using Grpc.Core;

namespace Flannel.Store.Etcd.Transport;

/// <summary>
/// One call to one endpoint failed. It never leaves the client: what the caller gets names what was asked and every endpoint that was tried.
/// </summary>
/// <param name="code">How the call ended.</param>
/// <param name="detail">The server's words, or what happened to the connection.</param>
/// <param name="innerException">The cause.</param>
internal sealed class GrpcException(
    StatusCode code, string detail, Exception? innerException = null)
    : Exception(VisibleText.Of(detail, MaxDetail), innerException is null ? null : VisibleText.Of(innerException))
{
    private const int MaxDetail = 1024;


    private readonly StoreErrorKind? _kind;

    /// <summary>How the call ended.</summary>
    public StatusCode Code { get; } = code;

    /// <summary>What the caller is told; what the code and the server's words mean unless more is known.</summary>
    public StoreErrorKind Kind
    {
        get => _kind ?? KindOfAnswer();
        init => _kind = value;
    }

    /// <summary>Whether it is certain that the server never got the request.</summary>
    public bool NeverSent { get; init; }

    /// <summary>Whether trying this endpoint again is in vain until somebody changes something.</summary>
    public bool IsLasting { get; init; }

    /// <summary>Whether the answer shows another cluster, or an older state of it, than was seen before.</summary>
    public bool IsOtherCluster { get; init; }

    /// <summary>Whether the answer was coming when the call's time was up; one that asks for less may succeed.</summary>
    public bool IsIncomplete { get; init; }

    /// <summary>Whether this side ended the connection, so that the failure says nothing about the endpoint.</summary>
    public bool IsOwnDoing { get; init; }

    /// <summary>Whether the server may have carried out what was asked although it did not say so.</summary>
    public bool MayHaveRun => !NeverSent && !IsOtherCluster && IsEndpointFault && !Says("no leader") && !Says("learner");

    /// <summary>Whether another endpoint may do better; else every endpoint would answer the same.</summary>
    public bool IsEndpointFault => Code switch
    {
        StatusCode.Cancelled or StatusCode.Unknown or StatusCode.DeadlineExceeded or StatusCode.Aborted or StatusCode.Unimplemented
            or StatusCode.Internal or StatusCode.Unavailable or StatusCode.DataLoss => true,
        StatusCode.ResourceExhausted => Says("too many requests"),
        StatusCode.FailedPrecondition => Says("learner"),
        _ => false,
    };

    /// <summary>
    /// Whether an earlier attempt of the same call, whose answer got lost, may have been carried out. Set by the client that made both.
    /// </summary>
    public bool MayBeRepeat { get; set; }

    /// <summary>Whether the answer is longer than this side accepts, or than the server may send.</summary>
    public bool IsTooLarge => Code == StatusCode.ResourceExhausted && (Says("longer than is accepted") || Says("message larger than max"));

    /// <summary>Whether the endpoint is alive and waits for the cluster to agree on a leader, which takes a moment.</summary>
    public bool IsElection =>
        Code == StatusCode.Unavailable && (Says("no leader") || Says("leader changed") || Says("leader failure") || Says("timed out"));

    /// <summary>Whether a new token may help. etcd answers an outdated one in three ways.</summary>
    public bool IsAboutToken =>
        Code == StatusCode.Unauthenticated || (Code == StatusCode.InvalidArgument && (Says("auth store is old") || Says("user name is empty")));

    /// <summary>Whether the server's words hold these.</summary>
    public bool Says(string words) => Message.Contains(words, StringComparison.OrdinalIgnoreCase);

    private StoreErrorKind KindOfAnswer() => Code switch
    {
        _ when IsTooLarge || Says("request is too large") => StoreErrorKind.TooLarge,
        _ when IsAboutToken => StoreErrorKind.CredentialsRefused,
        _ when IsEndpointFault => StoreErrorKind.Unreachable,
        StatusCode.PermissionDenied => StoreErrorKind.PermissionDenied,
        StatusCode.ResourceExhausted when Says("space exceeded") => StoreErrorKind.OutOfSpace,
        StatusCode.OutOfRange when Says("compacted") => StoreErrorKind.Compacted,
        StatusCode.FailedPrecondition when Says("already exists") => StoreErrorKind.Conflict,
        _ => StoreErrorKind.Unspecified,
    };
}
