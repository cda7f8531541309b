using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Flannel.Store.Etcd.Security;
using Grpc.Core;
using static System.Net.Sockets.SocketError;

namespace Flannel.Store.Etcd.Transport;

/// <summary>What failures of HTTP mean for a call.</summary>
internal static class HttpFailure
{
    private const string NoAnswer = "no answer from the address";

    // RFC 9113, section 7.
    private const long NoError = 0x0, RefusedStream = 0x7, Cancel = 0x8, EnhanceYourCalm = 0xb;

    /// <summary>Whether this is a failure that has to be mapped: not one that is, and not the caller's own cancellation.</summary>
    public static bool IsOne(Exception error, CancellationToken cancellationToken) =>
        error is not GrpcException && !(error is OperationCanceledException && cancellationToken.IsCancellationRequested);

    /// <summary>The failure as gRPC would report it.</summary>
    /// <param name="error">What the handler threw.</param>
    /// <param name="timeout">The call's deadline if it has passed, else <see langword="null"/>.</param>
    public static GrpcException Map(Exception error, TimeSpan? timeout)
    {
        if (timeout is { } limit)
            return new GrpcException(StatusCode.DeadlineExceeded, Late(limit), error);

        if (Find<HttpProtocolException>(error) is { } protocol)
            return FromHttp2(protocol);
        if (Find<AuthenticationException>(error) is { } tls)
            return TlsFailed(error, tls);
        if (Find<SocketException>(error) is { SocketErrorCode: HostNotFound or TryAgain or NoData or NoRecovery } name)
            return name.SocketErrorCode == TryAgain ? NotResolved(error) : NotResolved(error, name.Message);

        return error switch
        {
            HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } =>
                new GrpcException(StatusCode.Unavailable, $"cannot connect: {Innermost(error).Message}", error) { NeverSent = true },
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } =>
                TlsFailed(error, error),
            // The handler's way of saying that ConnectTimeout has passed.
            OperationCanceledException { InnerException: TimeoutException } =>
                new GrpcException(
                    StatusCode.Unavailable,
                    $"cannot connect: {(Find<SocketException>(error) is { SocketErrorCode: TimedOut } silent ? silent.Message : NoAnswer)}",
                    error)
                { NeverSent = true },
            OperationCanceledException => new GrpcException(StatusCode.Cancelled, "the call was given up", error),
            _ => new GrpcException(StatusCode.Unavailable, $"the connection broke: {Innermost(error).Message}", error),
        };
    }

    /// <summary>The failure of a call whose endpoint's name could not be resolved.</summary>
    public static GrpcException NotResolved(Exception error, string reason = "no name server has answered") => new(
        StatusCode.Unavailable, $"cannot connect: its name does not resolve ({reason}); correct the name, or this host's DNS", error)
    {
        NeverSent = true,
        Kind = StoreErrorKind.NameNotResolved,
    };

    /// <summary>The failure of a call whose time was up before any address of the endpoint's name had been reached.</summary>
    public static GrpcException NotConnected(Exception error, TimeSpan timeout, IEnumerable<IPAddress> addresses) => new(
        StatusCode.DeadlineExceeded, $"{Late(timeout)}; it was being connected to ({string.Join<IPAddress>(", ", addresses)})", error);

    /// <summary>The failure of a call whose answer was still coming when its time was up.</summary>
    public static GrpcException Incomplete(Exception error, TimeSpan timeout) => new(
        StatusCode.DeadlineExceeded, $"{Late(timeout)} but a part of it; with a longer RequestTimeout the rest may come", error)
    {
        IsIncomplete = true,
    };

    private static GrpcException TlsFailed(Exception error, Exception cause) =>
        new(
            StatusCode.Unavailable,
            $"TLS failed: {TlsFailure.Describe(cause)}",
            error)
        { NeverSent = true, IsLasting = true, Kind = StoreErrorKind.Tls };

    private static GrpcException FromHttp2(HttpProtocolException error) => error.ErrorCode switch
    {
        // What GOAWAY says when a server shuts down or a balancer tidies up.
        NoError => new GrpcException(StatusCode.Unavailable, "it closed the connection", error),
        RefusedStream => new GrpcException(StatusCode.Unavailable, "it refused the stream", error) { NeverSent = true },
        Cancel => new GrpcException(StatusCode.Cancelled, "it cancelled the stream", error),
        EnhanceYourCalm => new GrpcException(StatusCode.Unavailable, "it closed the connection because of too many pings", error),
        _ => new GrpcException(StatusCode.Unavailable, $"the HTTP/2 connection broke (error 0x{error.ErrorCode:x})", error),
    };

    private static string Late(TimeSpan limit) => string.Create(CultureInfo.InvariantCulture, $"no answer within {limit.TotalSeconds:0.###} s");

    private static T? Find<T>(Exception error) where T : Exception
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is T found)
                return found;
        }

        return null;
    }

    private static Exception Innermost(Exception error) => error.GetBaseException();
}
