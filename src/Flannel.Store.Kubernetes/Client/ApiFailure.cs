using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Access;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Client;

/// <summary>What went wrong with a request, in words that say what to do.</summary>
internal static class ApiFailure
{
    // What a server says in front of itself is short; the rest is a page of somebody else.
    private const int MaxBody = 64 * 1024;
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(2);

    /// <summary>An answer that is no success.</summary>
    public static async Task<KubernetesApiException> ReadAsync(
        ApiRequest request, ApiChannel channel, HttpResponseMessage response, TimeProvider time, CancellationToken cancellationToken)
    {
        ApiStatus? status = await ReadStatusAsync(response, cancellationToken).ConfigureAwait(false);
        TimeSpan? retryAfter = RetryAfter(response.Headers.RetryAfter, time)
            ?? (status is { RetryAfter: > 0 and int seconds } ? TimeSpan.FromSeconds(seconds) : null);
        string? location = response.Headers.Location?.ToString();
        return Describe(
            request,
            channel,
            response.StatusCode,
            status,
            location,
            retryAfter < LongestRetryAfter ? retryAfter : retryAfter is null ? null : LongestRetryAfter);
    }

    /// <summary>An event of a watch that says that it cannot go on.</summary>
    public static KubernetesApiException FromEvent(ApiRequest request, ApiChannel channel, ApiStatus? status)
    {
        // A version that is too old is an event with this code, after an answer of 200.
        var code = (HttpStatusCode)(status is { Code: >= 400 and < 600 } ? status.Code : 500);
        return Describe(request, channel, code, status, null, status is { RetryAfter: > 0 and int seconds } ? TimeSpan.FromSeconds(seconds) : null);
    }

    /// <summary>No answer at all, or one that broke off.</summary>
    public static KubernetesApiException FromError(ApiRequest request, ApiChannel channel, Exception error)
    {
        string where = $"The Kubernetes API at {Show(channel)}";
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is TlsException tls)
            {
                return new KubernetesApiException(
                    $"{where} is not trusted ({request}): {tls.Message}. See {channel.Origin}.",
                    isTransient: false,
                    null,
                    error)
                { Kind = StoreErrorKind.Tls };
            }
        }

        return error switch
        {
            JsonException json => new KubernetesApiException(
                $"{where} answered '{request}' with something that is no API object, or broke off ({json.Message.TrimEnd('.')}). Is it the API " +
                "server's address?",
                isTransient: true, null, error)
            { Kind = StoreErrorKind.UnexpectedAnswer },
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => new KubernetesApiException(
                $"{where} cannot be reached ({request}): the name does not resolve. Check the address in {channel.Origin}, or the host's " +
                "DNS.", isTransient: true, null, error)
            {
                Kind = StoreErrorKind.NameNotResolved,
            },
            HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => new KubernetesApiException(
                $"{where} cannot be reached ({request}): the TLS handshake failed ({Cause(error)}).", isTransient: true, null, error)
            { Kind = StoreErrorKind.Tls },
            HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } => new KubernetesApiException(
                $"{where} cannot be reached ({request}): the proxy refuses ({Cause(error)}). Set NO_PROXY, or proxy-url in " +
                $"{channel.Origin}.", isTransient: true, null, error)
            {
                Kind = StoreErrorKind.Unreachable,
            },
            _ => new KubernetesApiException(
                $"{where} cannot be reached ({request}): {Cause(error)}.", isTransient: true, null, error)
            { Kind = StoreErrorKind.Unreachable },
        };
    }

    /// <summary>A server that took too long.</summary>
    public static KubernetesApiException Silent(ApiRequest request, ApiChannel channel, TimeSpan limit) => new(
        string.Create(CultureInfo.InvariantCulture, $"The Kubernetes API at {Show(channel)} did not answer within {limit.TotalSeconds:0.#} s " +
            $"({request})."), isTransient: true)
    {
        IsSilent = true,
        Kind = StoreErrorKind.Unreachable,
    };

    private static KubernetesApiException Describe(
        ApiRequest request, ApiChannel channel, HttpStatusCode code, ApiStatus? status, string? location, TimeSpan? retryAfter)
    {
        string said = status is { Message.Length: > 0 } ? $": {ForeignText.Show(status.Message)}" : "";
        string what = $"The Kubernetes API at {Show(channel)} answered '{request}' with {(int)code}{said}";
        bool isTransient = (int)code >= 500
            || code is HttpStatusCode.TooManyRequests or HttpStatusCode.Gone or HttpStatusCode.Conflict or HttpStatusCode.RequestTimeout;
        string advice = code switch
        {
            HttpStatusCode.Unauthorized =>
                $" It does not accept the credentials of {channel.Origin}, also after they were read again: they are expired, revoked, of another " +
                "cluster, or missing.",
            HttpStatusCode.Forbidden => $" {Role(request)}",
            HttpStatusCode.NotFound when request.Name.Length > 0 => $" There is no such object: check its name.",
            HttpStatusCode.NotFound => $" Is it the API server's address, with its path? See {channel.Origin}.",
            >= HttpStatusCode.MultipleChoices and < HttpStatusCode.BadRequest =>
                $" It redirects{(location is null ? "" : $" to {ForeignText.Show(location)}")}, which is not followed: is it the API server's " +
                $"address? See {channel.Origin}.",
            _ => "",
        };
        return new KubernetesApiException($"{what}.{advice}", isTransient, code)
        {
            Kind = KindOf(code),
            RetryAfter = retryAfter,
            Reason = status?.Reason ?? "",
            IsTooNew = status?.Cause == "ResourceVersionTooLarge",
        };
    }

    private static StoreErrorKind KindOf(HttpStatusCode code) => code switch
    {
        HttpStatusCode.Unauthorized => StoreErrorKind.CredentialsRefused,
        HttpStatusCode.Forbidden => StoreErrorKind.PermissionDenied,
        HttpStatusCode.Gone => StoreErrorKind.Compacted,
        HttpStatusCode.Conflict => StoreErrorKind.Conflict,
        HttpStatusCode.RequestEntityTooLarge => StoreErrorKind.TooLarge,
        HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => StoreErrorKind.Unreachable,
        _ => StoreErrorKind.UnexpectedAnswer,
    };

    private static string Role(ApiRequest request)
    {
        bool isNamespaced = request.Resource is "pods" or "configmaps";
        string kind = isNamespaced ? "Role or ClusterRole" : "ClusterRole";
        return $"The role lacks the verb '{request.Verb}' on the resource '{request.Resource}': bind a {kind} with " +
            $"{{apiGroups: [\"\"], resources: [{request.Resource}], verbs: [{request.Verb}]}} to the user, as flannel's role does " +
            "(nodes: get, list, watch; nodes/status: patch; pods: get without NODE_NAME).";
    }

    private static async Task<ApiStatus?> ReadStatusAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            byte[] bytes = new byte[MaxBody];
            int count = await body.ReadAtLeastAsync(bytes, MaxBody, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            var decoder = new ApiDecoder(ApiShape.Object, new AnnotationNames(KubernetesStoreOptions.DefaultAnnotationPrefix));
            Read(bytes.AsSpan(0, count), decoder);
            return decoder.Items is [{ Status: { } status }, ..] ? status : null;
        }
        catch (Exception error) when (error is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }

    private static void Read(ReadOnlySpan<byte> json, ApiDecoder decoder)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            decoder.Take(ref reader);
    }

    private static TimeSpan? RetryAfter(RetryConditionHeaderValue? header, TimeProvider time) => header switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > time.GetUtcNow() => date - time.GetUtcNow(),
        _ => null,
    };

    private static string Show(ApiChannel channel) => channel.Server.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped);

    private static string Cause(Exception error) => error.GetBaseException().Message.ReplaceLineEndings(" ").TrimEnd('.');
}
