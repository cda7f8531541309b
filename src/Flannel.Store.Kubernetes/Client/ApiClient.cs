using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Client;

/// <summary>The few requests that a node sends, each bounded in time. Every failure is a <see cref="StoreException"/> that says what to do.</summary>
/// <param name="connection">The way to the server.</param>
/// <param name="names">The annotations that are read.</param>
/// <param name="timeout">How long the server may be silent while it answers.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Where to count.</param>
internal sealed class ApiClient(ApiConnection connection, AnnotationNames names, TimeSpan timeout, TimeProvider time, KubernetesMetrics metrics)
{
    /// <summary>How many objects come at once.</summary>
    public const int PageSize = 500;

    private const int MaxAttempts = 3;
    private const string UserAgent = "flannel-dotnet";

    // What a server may ask of one request; beyond that its caller decides.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    // A watch ends by itself; one that does not is dead.
    private static readonly TimeSpan WatchMargin = TimeSpan.FromSeconds(30);

    /// <summary>The server as last known, for messages.</summary>
    public string Server => connection.Server;

    /// <summary>Reads or changes one object, and returns it as it is then.</summary>
    public async Task<ApiObject> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        (ApiChannel channel, HttpResponseMessage response) = await OpenAsync(request, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            ApiObject? found = null;
            var decoder = new ApiDecoder(ApiShape.Object, names);
            await foreach (
                IReadOnlyList<ApiItem> items in ReadAsync(request, channel, response, decoder, null, cancellationToken).ConfigureAwait(false))
            {
                found = items[^1].Object;
            }

            return found is null
                ? throw ApiFailure.FromError(request, channel, new JsonException("the answer is empty"))
                : Checked(request, channel, found);
        }
    }

    /// <summary>Lists everything, page by page.</summary>
    /// <param name="source">What to list.</param>
    /// <param name="version">The version to list: empty for the newest, 0 for any, else one that must not be older.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<ApiList> ListAsync(ApiSource source, string version, CancellationToken cancellationToken)
    {
        // With a limit, a version other than 0 would mean exactly that one.
        int limit = version is "" or "0" ? PageSize : 0;
        List<ApiObject> objects = [];
        string next = "";
        while (true)
        {
            var request = ApiRequest.List(source, version, limit, next);
            (
                ApiDecoder decoder,
                KubernetesApiException? failure) = await ListPageAsync(request, source, next, objects, cancellationToken).ConfigureAwait(false);
            if (failure is not null)
            {
                // Took so long that the first page's version is forgotten: once more, in one piece.
                if (!failure.IsExpired || next.Length == 0)
                    throw failure;
                (limit, next) = (0, "");
                objects.Clear();
                continue;
            }

            next = decoder.Continue;
            if (next.Length == 0)
                return new ApiList(objects, decoder.ListVersion);
        }
    }

    /// <summary>
    /// Delivers what happens after a version, until the server ends the watch; at first nothing, which says that the server has accepted it.
    /// </summary>
    /// <param name="source">What to watch.</param>
    /// <param name="version">The version up to which everything is known.</param>
    /// <param name="duration">When to have the server end it.</param>
    /// <param name="cancellationToken">Ends the sequence.</param>
    public async IAsyncEnumerable<IReadOnlyList<ApiItem>> WatchAsync(
        ApiSource source, string version, TimeSpan duration, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = ApiRequest.Watch(source, version, (int)duration.TotalSeconds);
        (ApiChannel channel, HttpResponseMessage response) = await OpenAsync(request, cancellationToken).ConfigureAwait(false);
        using (response)
        {
            yield return [];
            var decoder = new ApiDecoder(ApiShape.Watch, names, source.DataKey);
            await foreach (
                IReadOnlyList<ApiItem> items in ReadAsync(request, channel, response, decoder, duration + WatchMargin, cancellationToken)
                    .ConfigureAwait(false))
            {
                foreach (ApiItem item in items)
                {
                    if (item.Kind is ApiItemKind.Added or ApiItemKind.Modified or ApiItemKind.Deleted)
                        Checked(request, channel, item.Object);
                }

                int error = items.ToList().FindIndex(static item => item.Kind == ApiItemKind.Error);
                if (error < 0)
                {
                    yield return items;
                    continue;
                }

                if (error > 0)
                    yield return [.. items.Take(error)];
                throw ApiFailure.FromEvent(request, channel, items[error].Status);
            }
        }
    }

    /// <summary>Retires every connection.</summary>
    public Task ResetAsync(CancellationToken cancellationToken) => connection.ResetAsync(cancellationToken);

    private async Task<(ApiDecoder Decoder, KubernetesApiException? Failure)> ListPageAsync(
        ApiRequest request, ApiSource source, string next, List<ApiObject> objects, CancellationToken cancellationToken)
    {
        var decoder = new ApiDecoder(ApiShape.List, names, source.DataKey);
        try
        {
            (ApiChannel channel, HttpResponseMessage response) = await OpenAsync(request, cancellationToken).ConfigureAwait(false);
            using (response)
            {
                await foreach (
                    IReadOnlyList<ApiItem> items in ReadAsync(request, channel, response, decoder, null, cancellationToken).ConfigureAwait(false))
                {
                    foreach (ApiItem item in items)
                        objects.Add(Checked(request, channel, item.Object));
                }

                // Else the list would never end.
                if (decoder.Continue.Length > 0 && decoder.Continue == next)
                    throw ApiFailure.FromError(request, channel, new JsonException("the page behind this one is this one"));

                return decoder.ListVersion.Length > 0
                    ? (decoder, null)
                    : throw ApiFailure.FromError(request, channel, new JsonException("it is no list, or one without a version"));
            }
        }
        catch (KubernetesApiException error)
        {
            return (decoder, error);
        }
    }

    /// <summary>An object, if it has what everything else goes by: JSON holds any member for optional, an API server does not.</summary>
    private static ApiObject Checked(ApiRequest request, ApiChannel channel, ApiObject found)
    {
        string? problem = found.Name.Length == 0 ? "an object in it has no name"
            : found.ResourceVersion.Length == 0 ? "an object in it has no version"
            : request.IsFor(found.Name) ? null
            : "it is about another object";
        return problem is null ? found : throw ApiFailure.FromError(request, channel, new JsonException(problem));
    }

    /// <summary>Sends a request until it succeeds, or fails in a way that the next attempt would not cure.</summary>
    private async Task<(ApiChannel Channel, HttpResponseMessage Response)> OpenAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        ApiChannel? refused = null;
        for (int attempt = 1; ; attempt++)
        {
            ApiChannel channel = await connection.GetAsync(refused, cancellationToken).ConfigureAwait(false);
            long started = time.GetTimestamp();
            HttpResponseMessage response = await SendAsync(request, channel, cancellationToken).ConfigureAwait(false);
            metrics.Record(request, response.StatusCode, time.GetElapsedTime(started));
            if (response.IsSuccessStatusCode)
                return (channel, response);

            KubernetesApiException failure;
            using (response)
            {
                failure = await BoundAsync(
                    request,
                    channel,
                    token => ApiFailure.ReadAsync(request, channel, response, time, token),
                    cancellationToken).ConfigureAwait(false);
            }

            if (failure.StatusCode == HttpStatusCode.Unauthorized && refused is null)
            {
                refused = channel;
                continue;
            }

            bool mayWait = failure.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable
                && failure.RetryAfter <= LongestWait;
            if (!mayWait || attempt >= MaxAttempts)
                throw failure;
            await Task.Delay(failure.RetryAfter!.Value, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(ApiRequest request, ApiChannel channel, CancellationToken cancellationToken)
    {
        return await BoundAsync(request, channel, SendOnceAsync, cancellationToken).ConfigureAwait(false);

        async Task<HttpResponseMessage> SendOnceAsync(CancellationToken token)
        {
            using HttpRequestMessage message = Message(request, channel);
            try
            {
                return await channel.Invoker.SendAsync(message, token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                metrics.Record(request, null, TimeSpan.Zero);
                throw ApiFailure.FromError(request, channel, error);
            }
        }
    }

    private static HttpRequestMessage Message(ApiRequest request, ApiChannel channel)
    {
        string query = request.Query.Length > 0 ? $"?{request.Query}" : "";
        var message = new HttpRequestMessage(
            request.Body is null ? HttpMethod.Get : HttpMethod.Patch, $"{channel.Server.AbsoluteUri.TrimEnd('/')}{request.Path}{query}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        message.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue(UserAgent, typeof(ApiClient).Assembly.GetName().Version?.ToString(3)));
        // .NET looks for this name in the certificate, whatever the TLS options say.
        message.Headers.Host = channel.ServerName;
        channel.Credentials.ApplyTo(message);
        if (request.Body is { } body)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/strategic-merge-patch+json");
        }

        return message;
    }

    /// <summary>Waits for something of the server's within the time that it has for an answer.</summary>
    private async Task<T> BoundAsync<T>(
        ApiRequest request, ApiChannel channel, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        CancellationToken token = either.Token;
        // On a thread of the pool and with the token twice: a connection that is stuck may block, or pay no attention to it.
        Task<T> answer = Task.Run(() => call(token), CancellationToken.None);
        try
        {
            return await answer.WaitAsync(token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ApiFailure.Silent(request, channel, timeout);
        }
        finally
        {
            if (!answer.IsCompletedSuccessfully)
            {
                _ = answer.ContinueWith(
                    static late => Forget(late), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private static void Forget<T>(Task<T> late)
    {
        if (late.IsCompletedSuccessfully)
            (late.Result as IDisposable)?.Dispose();
        else
            _ = late.Exception;
    }

    private async IAsyncEnumerable<IReadOnlyList<ApiItem>> ReadAsync(
        ApiRequest request,
        ApiChannel channel,
        HttpResponseMessage response,
        ApiDecoder decoder,
        TimeSpan? whole,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(whole ?? timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Stream body = await response.Content.ReadAsStreamAsync(either.Token).ConfigureAwait(false);
        IAsyncEnumerator<IReadOnlyList<ApiItem>> pieces = ApiJson.ReadAsync(NextAsync, decoder, either.Token).GetAsyncEnumerator(either.Token);
        await using (pieces.ConfigureAwait(false))
        {
            while (await MoveAsync().ConfigureAwait(false))
                yield return pieces.Current;
        }

        ValueTask<int> NextAsync(Memory<byte> buffer, CancellationToken token)
        {
            // An answer of any length is good as long as it goes on; a watch may be silent, but not for longer than it lasts.
            if (whole is null)
                limit.CancelAfter(timeout);
            return body.ReadAsync(buffer, token);
        }

        async ValueTask<bool> MoveAsync()
        {
            try
            {
                return await pieces.MoveNextAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw ApiFailure.Silent(request, channel, whole ?? timeout);
            }
            catch (Exception error) when (error is HttpRequestException or IOException or JsonException or ObjectDisposedException)
            {
                throw ApiFailure.FromError(request, channel, error);
            }
        }
    }
}
