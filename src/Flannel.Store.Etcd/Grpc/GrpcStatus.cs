using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Flannel.Store.Etcd.Grpc;

/// <summary>Reads how a call ended from where gRPC puts it: the trailers, or the headers of an answer without a body.</summary>
internal static class GrpcStatus
{
    private const string StatusHeader = "grpc-status";
    private const string MessageHeader = "grpc-message";

    /// <summary>Refuses an answer that is not gRPC, or that is an error already in its headers.</summary>
    public static void ThrowIfRefused(HttpResponseMessage response)
    {
        if (response.Headers.Contains(StatusHeader))
            ThrowIfFailed(response.Headers);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new GrpcException(FromHttp(response.StatusCode), $"it answered HTTP status {(int)response.StatusCode} instead of gRPC")
            {
                IsLasting = true,
            };
        string? type = response.Content.Headers.ContentType?.MediaType;
        if (type is null || !type.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase))
            throw new GrpcException(GrpcStatusCode.Unimplemented, $"it answered with '{type}' instead of gRPC; is it etcd's client port?")
            {
                IsLasting = true,
            };
    }

    /// <summary>Throws what the headers or trailers report, unless it is success.</summary>
    public static void ThrowIfFailed(HttpResponseHeaders headers)
    {
        if (!headers.TryGetValues(StatusHeader, out IEnumerable<string>? values))
            throw new GrpcException(GrpcStatusCode.Unknown, "the answer ended without a status");
        if (!int.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out int code)
            || code > (int)GrpcStatusCode.Unauthenticated)
            throw new GrpcException(GrpcStatusCode.Unknown, "the answer ended with a status that is no gRPC status");
        if (code == (int)GrpcStatusCode.OK)
            return;

        string message = headers.TryGetValues(MessageHeader, out IEnumerable<string>? texts) ? Decode(texts.First()) : "";
        throw new GrpcException((GrpcStatusCode)code, message.Length > 0 ? message : $"status {(GrpcStatusCode)code}");
    }

    /// <summary>
    /// Reads an error that came as text inside a message: etcd reports refused watches as <c>rpc error: code = Unauthenticated desc = …</c>.
    /// </summary>
    public static GrpcException Parse(string text)
    {
        const string CodeMark = "code = ", TextMark = " desc = ";
        int code = text.IndexOf(CodeMark, StringComparison.Ordinal);
        int desc = text.IndexOf(TextMark, StringComparison.Ordinal);
        if (code < 0 || desc < code || !Enum.TryParse(text[(code + CodeMark.Length)..desc], ignoreCase: true, out GrpcStatusCode parsed)
            || parsed == GrpcStatusCode.OK)
            return new GrpcException(GuessCode(text), text);
        return new GrpcException(parsed, text[(desc + TextMark.Length)..]);
    }

    private static GrpcStatusCode GuessCode(string text) => text switch
    {
        _ when text.Contains("invalid auth token", StringComparison.Ordinal) => GrpcStatusCode.Unauthenticated,
        _ when text.Contains("permission denied", StringComparison.Ordinal) => GrpcStatusCode.PermissionDenied,
        _ => GrpcStatusCode.Unavailable,
    };

    private static GrpcStatusCode FromHttp(HttpStatusCode status) => (int)status switch
    {
        401 => GrpcStatusCode.Unauthenticated,
        403 => GrpcStatusCode.PermissionDenied,
        404 => GrpcStatusCode.Unimplemented,
        429 or 502 or 503 or 504 => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Unknown,
    };

    // Percent-encoded UTF-8. What does not decode is shown as it came: a strange message must not hide the error.
    private static string Decode(string message)
    {
        try
        {
            return Uri.UnescapeDataString(message);
        }
        catch (UriFormatException)
        {
            return message;
        }
    }
}
