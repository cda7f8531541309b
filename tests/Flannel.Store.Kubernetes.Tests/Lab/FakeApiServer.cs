using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Tests.Lab;

/// <summary>
/// An API server in this process, with Nodes, pods and ConfigMaps, paging, watches, bookmarks and patches, which remembers every request and
/// misbehaves on demand.
/// </summary>
internal sealed class FakeApiServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<ApiRequestRecord> _requests = new();
    private readonly X509Certificate2? _certificate;
    private WebApplication? _application;
    private CancellationTokenSource _cut = new();
    private CancellationTokenSource _end = new();
    private TaskCompletionSource _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _version = 100;

    private FakeApiServer(X509Certificate2? certificate)
    {
        _certificate = certificate;
        Nodes = new FakeObjects(() => Interlocked.Increment(ref _version));
        ConfigMaps = new FakeObjects(() => Interlocked.Increment(ref _version));
    }

    public FakeObjects Nodes { get; }

    public FakeObjects ConfigMaps { get; }

    public ConcurrentDictionary<string, string> PodNodes { get; } = new();

    public int Port { get; private set; }

    /// <summary>The newest version.</summary>
    public long Version => Volatile.Read(ref _version);

    public Uri Address => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}");

    /// <summary>Asked before each request; answers by itself and returns true, or lets it through.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; set; }

    /// <summary>Of which patches the answer is lost: they are carried out, and the connection breaks.</summary>
    public Func<ApiRequestRecord, bool> LosesAnswer { get; set; } = static _ => false;

    /// <summary>How many objects a page holds whatever the limit says; 0 for the limit itself.</summary>
    public int PageSize { get; set; }

    /// <summary>Whether clients are asked for a certificate.</summary>
    public bool AsksForCertificate { get; init; }

    public IReadOnlyList<ApiRequestRecord> Requests => [.. _requests];

    public static async Task<FakeApiServer> StartAsync(X509Certificate2? certificate = null, bool asksForCertificate = false)
    {
        var server = new FakeApiServer(certificate) { AsksForCertificate = asksForCertificate };
        await server.LaunchAsync();
        return server;
    }

    public async Task StopAsync()
    {
        await CutAsync();
        if (_application is { } application)
            await application.DisposeAsync();
        _application = null;
    }

    /// <summary>Starts again at the same place.</summary>
    public Task RestartAsync() => LaunchAsync();

    /// <summary>Breaks every watch off, without an end.</summary>
    public async Task CutAsync()
    {
        CancellationTokenSource cut = Interlocked.Exchange(ref _cut, new CancellationTokenSource());
        await cut.CancelAsync();
    }

    /// <summary>Ends every watch as a server does at its time: after everything that has happened was delivered.</summary>
    public async Task EndWatchesAsync()
    {
        CancellationTokenSource end = Interlocked.Exchange(ref _end, new CancellationTokenSource());
        await end.CancelAsync();
    }

    /// <summary>Answers the next requests that a condition holds for with a status.</summary>
    public void Fail(
        Func<ApiRequestRecord,
        bool> which,
        HttpStatusCode code,
        int times = 1,
        int? retryAfter = null,
        string reason = "",
        string message = "no",
        int? delaySeconds = null)
    {
        int left = times;
        Func<HttpContext, Task<bool>>? next = Intercept;
        Intercept = async context =>
        {
            var request = (ApiRequestRecord)context.Items["request"]!;
            if (which(request) && Interlocked.Decrement(ref left) >= 0)
            {
                if (delaySeconds is { } seconds)
                    await Task.Delay(TimeSpan.FromSeconds(seconds), context.RequestAborted);
                await RefuseAsync(context, code, reason, message, retryAfter);
                return true;
            }

            return next is not null && await next(context);
        };
    }

    public async Task UntilAsync(Func<IReadOnlyList<ApiRequestRecord>, bool> condition)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            Task next = _requested.Task;
            if (condition(Requests))
                return;
            await next.WaitAsync(limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _cut.Dispose();
        _end.Dispose();
    }

    public static async Task RefuseAsync(HttpContext context, HttpStatusCode code, string reason, string message, int? retryAfter = null)
    {
        context.Response.StatusCode = (int)code;
        if (retryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(
            $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{(int)code}}}""");
    }

    private async Task LaunchAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, Port, listen =>
        {
            if (_certificate is null)
                return;
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(_certificate, https =>
            {
                https.ClientCertificateMode = AsksForCertificate ? ClientCertificateMode.AllowCertificate : ClientCertificateMode.NoCertificate;
                https.AllowAnyClientCertificate();
            });
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        _application = builder.Build();
        _application.Run(HandleAsync);
        await _application.StartAsync();
        Port = new Uri(_application.Urls.Single()).Port;
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new ApiRequestRecord(
            context.Request.Method,
            context.Request.Path.Value!,
            context.Request.QueryString.Value!,
            await reader.ReadToEndAsync(),
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        context.Items["request"] = request;
        (CancellationToken cut, CancellationToken end) = (_cut.Token, _end.Token); // whoever sees the request can cut it
        _requests.Enqueue(request);
        Signal();
        context.Response.ContentType = "application/json";
        try
        {
            if (Intercept is { } intercept && await intercept(context))
                return;
            await AnswerAsync(context, request, cut, end);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
        finally
        {
            Signal(); // what a patch changed is there now
        }
    }

    private void Signal() =>
        Interlocked.Exchange(ref _requested, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();

    private async Task AnswerAsync(HttpContext context, ApiRequestRecord request, CancellationToken cut, CancellationToken end)
    {
        switch (request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            case ["api", "v1", "nodes"]:
                await AnswerManyAsync(context, request, Nodes, cut, end);
                break;
            case ["api", "v1", "nodes", var name] when request.Method == "GET":
                await AnswerOneAsync(context, Nodes.Get(name), $"nodes \\\"{name}\\\" not found");
                break;
            case ["api", "v1", "nodes", var name, "status"] when request.IsPatch:
                JsonObject? patched = Nodes.Change(name, node => Patch(node, JsonNode.Parse(request.Body)!));
                if (LosesAnswer(request))
                    context.Abort();
                else
                    await AnswerOneAsync(context, patched, $"nodes \\\"{name}\\\" not found");
                break;
            case ["api", "v1", "namespaces", var space, "configmaps"]:
                _ = space;
                await AnswerManyAsync(context, request, ConfigMaps, cut, end);
                break;
            case ["api", "v1", "namespaces", var space, "pods", var name] when PodNodes.TryGetValue($"{space}/{name}", out string? node):
                await context.Response.WriteAsync(
                    $$$"""{"kind":"Pod","metadata":{"name":"{{{name}}}","resourceVersion":"7"},"spec":{"nodeName":"{{{node}}}"}}""");
                break;
            default:
                await RefuseAsync(context, HttpStatusCode.NotFound, "NotFound", "not found");
                break;
        }
    }

    private static async Task AnswerOneAsync(HttpContext context, JsonObject? found, string missing)
    {
        if (found is null)
            await RefuseAsync(context, HttpStatusCode.NotFound, "NotFound", missing);
        else
            await context.Response.WriteAsync(found.ToJsonString());
    }

    private static void Patch(JsonObject node, JsonNode patch)
    {
        if (patch["metadata"]?["annotations"] is JsonObject annotations)
        {
            var target = (JsonObject)(node["metadata"]!["annotations"] ??= new JsonObject());
            foreach ((string key, JsonNode? value) in annotations)
            {
                if (value is null)
                    target.Remove(key);
                else
                    target[key] = value.DeepClone();
            }
        }

        foreach (JsonNode? condition in patch["status"]?["conditions"] as JsonArray ?? [])
        {
            var conditions = (JsonArray)((node["status"] ??= new JsonObject())["conditions"] ??= new JsonArray());
            JsonNode? old = conditions.FirstOrDefault(entry => (string)entry!["type"]! == (string)condition!["type"]!);
            if (old is not null)
                conditions.Remove(old);
            conditions.Add(condition!.DeepClone());
        }
    }

    private async Task AnswerManyAsync(
        HttpContext context, ApiRequestRecord request, FakeObjects objects, CancellationToken cutToken, CancellationToken endToken)
    {
        string? selector = context.Request.Query["fieldSelector"];
        string? only = selector?.Split('=')[1];
        if (request.IsWatch)
        {
            await WatchAsync(context, objects, only, cutToken, endToken);
            return;
        }

        string asked = context.Request.Query["resourceVersion"].ToString();
        if (long.TryParse(asked, out long version) && version > _version)
        {
            context.Response.StatusCode = 504;
            await context.Response.WriteAsync(
                """{"kind":"Status","status":"Failure","message":"Too large resource version","reason":"Timeout","details":{"causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1},"code":504}""");
            return;
        }

        int limit = PageSize > 0 ? PageSize : int.TryParse(context.Request.Query["limit"], out int given) && given > 0 ? given : int.MaxValue;
        int start = int.TryParse(context.Request.Query["continue"], out int from) ? from : 0;
        IReadOnlyList<JsonObject> all = [.. objects.All().Where(value => only is null || (string)value["metadata"]!["name"]! == only)];
        string next = start + limit < all.Count ? (start + limit).ToString(CultureInfo.InvariantCulture) : "";
        await context.Response.WriteAsync(
            $$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"{{Volatile.Read(ref _version)}}","continue":"{{next}}"},"items":[""");
        bool isFirst = true;
        foreach (JsonObject value in all.Skip(start).Take(limit))
        {
            await context.Response.WriteAsync($"{(isFirst ? "" : ",")}{value.ToJsonString()}");
            isFirst = false;
        }

        await context.Response.WriteAsync("]}");
    }

    private async Task WatchAsync(
        HttpContext context, FakeObjects objects, string? only, CancellationToken cutToken, CancellationToken endToken)
    {
        long known = long.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        if (known < objects.Forgotten)
        {
            await context.Response.WriteAsync(
                """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""" + "\n");
            return;
        }

        int seconds = int.Parse(context.Request.Query["timeoutSeconds"]!, CultureInfo.InvariantCulture);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        using var end = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, endToken);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(cutToken, context.RequestAborted);
        await context.Response.StartAsync(cut.Token);
        await context.Response.Body.FlushAsync(cut.Token);
        while (true)
        {
            bool isLast = end.IsCancellationRequested;
            (IReadOnlyList<(long Version, string Kind, string Text)> events, Task changed) = objects.After(known);
            foreach ((long version, string kind, string text) in events)
            {
                known = version;
                if (only is not null && kind != "BOOKMARK" && (string)JsonNode.Parse(text)!["metadata"]!["name"]! != only)
                    continue;
                await context.Response.WriteAsync($$"""{"type":"{{kind}}","object":{{text}}}""" + "\n", cut.Token);
            }

            await context.Response.Body.FlushAsync(cut.Token);
            if (isLast)
                return;
            try
            {
                using var either = CancellationTokenSource.CreateLinkedTokenSource(end.Token, cut.Token);
                await changed.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                // Once more, for what has happened meanwhile.
            }
        }
    }
}
