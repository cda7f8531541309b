using Google.Protobuf;
using Grpc.Core;

namespace Flannel.Store.Etcd.Transport;

/// <summary>What failures that gRPC reports mean for a call.</summary>
internal static class RpcFailure
{
    // gRPC's words for an answer that is none. What sends such an answer is no etcd, and goes on sending it.
    private const string NotGrpc = "Bad gRPC response";

    /// <summary>The failure of a call.</summary>
    /// <param name="error">What the call threw.</param>
    /// <param name="timeout">The call's deadline if it has passed, else <see langword="null"/>.</param>
    public static GrpcException Map(Exception error, TimeSpan? timeout = null)
    {
        if (timeout is not null || error is not RpcException failure)
            return HttpFailure.Map(error, timeout);
        if (failure.Status.DebugException is { } cause && failure.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled)
            return FromCause(failure, cause);

        // Nothing came in between: this is the server's answer, or what gRPC thinks of it.
        string detail = failure.Status.Detail;
        return failure.StatusCode switch
        {
            _ when detail.StartsWith(NotGrpc, StringComparison.Ordinal) => new GrpcException(
                failure.StatusCode == StatusCode.Cancelled ? StatusCode.Unimplemented : failure.StatusCode,
                $"it does not answer as gRPC ({detail[NotGrpc.Length..].TrimStart('.', ' ').TrimEnd('.')}); is it etcd's client port?",
                error)
            { IsLasting = true, Kind = StoreErrorKind.UnexpectedAnswer },
            StatusCode.Cancelled when detail.StartsWith("No grpc-status", StringComparison.Ordinal) =>
                Malformed(StatusCode.Unknown, "the answer ended without a status", error),
            StatusCode.ResourceExhausted when detail.StartsWith("Received message exceeds", StringComparison.Ordinal) => new GrpcException(
                StatusCode.ResourceExhausted, "the answer holds a message that is longer than is accepted", error),
            StatusCode.Internal when detail.StartsWith("Failed to deserialize", StringComparison.Ordinal) =>
                Malformed(StatusCode.Internal, "it reported success without an answer", error),
            < StatusCode.OK or > StatusCode.Unauthenticated =>
                Malformed(StatusCode.Unknown, "the answer ended with a status that is no gRPC status", error),
            _ => new GrpcException(failure.StatusCode, detail.Length > 0 ? detail : $"status {failure.StatusCode}", error),
        };
    }

    /// <summary>
    /// Reads an error that came as text inside a message: etcd reports refused watches as <c>rpc error: code = Unauthenticated desc = …</c>.
    /// </summary>
    public static GrpcException Parse(string text)
    {
        const string CodeMark = "code = ", TextMark = " desc = ";
        int code = text.IndexOf(CodeMark, StringComparison.Ordinal);
        int desc = text.IndexOf(TextMark, StringComparison.Ordinal);
        if (code < 0 || desc < code || !Enum.TryParse(text[(code + CodeMark.Length)..desc], ignoreCase: true, out StatusCode parsed)
            || parsed == StatusCode.OK)
        {
            return new GrpcException(GuessCode(text), text);
        }

        return new GrpcException(parsed, text[(desc + TextMark.Length)..]);
    }

    private static GrpcException FromCause(RpcException failure, Exception cause)
    {
        // gRPC wraps one cancellation in another; the connection's own is the innermost.
        while (cause is OperationCanceledException { InnerException: OperationCanceledException inner })
            cause = inner;
        return cause switch
        {
            InvalidProtocolBufferException =>
                Malformed(StatusCode.Internal, $"the answer holds a message that cannot be decoded: {cause.Message}", failure),
            InvalidDataException => Malformed(StatusCode.Internal, $"the answer is malformed: {cause.Message}", failure),
            InvalidOperationException when failure.StatusCode == StatusCode.Cancelled =>
                Malformed(StatusCode.Unknown, "the answer ended with a status that is no gRPC status", failure),
            _ => HttpFailure.Map(cause, timeout: null),
        };
    }

    private static GrpcException Malformed(StatusCode code, string detail, Exception error) =>
        new(code, detail, error) { Kind = StoreErrorKind.UnexpectedAnswer };

    private static StatusCode GuessCode(string text) => text switch
    {
        _ when text.Contains("invalid auth token", StringComparison.Ordinal) => StatusCode.Unauthenticated,
        _ when text.Contains("permission denied", StringComparison.Ordinal) => StatusCode.PermissionDenied,
        _ => StatusCode.Unavailable,
    };
}
