using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Client;
using Flannel.Store.Kubernetes.Diagnostics;
using Flannel.Store.Kubernetes.Objects;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Kubernetes.Following;

/// <summary>
/// Keeps somebody informed of objects: lists them once, watches on from there, and lists again only when the server has forgotten the version that is
/// known. A watch that ends or breaks goes on where it stopped.
/// </summary>
/// <param name="client">Sends the requests.</param>
/// <param name="source">What to follow.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Spreads what many nodes would do at once; used by this reflector alone.</param>
/// <param name="metrics">Where to count.</param>
/// <param name="logger">Where to log.</param>
internal sealed partial class Reflector(
    ApiClient client, ApiSource source, TimeProvider time, Random random, KubernetesMetrics metrics, ILogger logger)
{
    private static readonly TimeSpan ShortestWatch = TimeSpan.FromSeconds(300);
    private static readonly BackOff Pauses = new(TimeSpan.FromMilliseconds(800), TimeSpan.FromSeconds(30), jitter: 0.5);

    // A watch that lasted so long has worked: what ended it is no reason to wait.
    private static readonly TimeSpan Working = TimeSpan.FromSeconds(5);

    private string? _version;
    private string _listFrom = "0";
    private int _failures;
    private int _expiries;
    private bool _isOpen;
    private bool _isAway;

    /// <summary>Follows until cancelled.</summary>
    /// <param name="known">The version up to which everything is known; <see langword="null"/> to list.</param>
    /// <param name="writer">Where to tell it. Whoever reads it slowly slows the watch.</param>
    /// <param name="cancellationToken">Ends it, with an <see cref="OperationCanceledException"/>.</param>
    public async Task RunAsync(string? known, ChannelWriter<ReflectorItem> writer, CancellationToken cancellationToken)
    {
        _version = known;
        while (true)
        {
            long started = time.GetTimestamp();
            StoreException? error = await FollowOnceAsync(writer, cancellationToken).ConfigureAwait(false);
            bool hasWorked = _isOpen && time.GetElapsedTime(started) >= Working;
            if (hasWorked)
                (_failures, _expiries) = (0, 0);
            if (error is KubernetesApiException { IsExpired: true } && _expiries++ == 0)
                continue; // only a list helps, and there is no reason to wait for it
            if (hasWorked && error is null)
                continue; // the server has ended it at its time

            // What works again at once was never away.
            bool isAway = error is not null && !(_isOpen && _failures == 0);
            if (isAway)
            {
                _isAway = true;
                await writer.WriteAsync(new ReflectorItem.Away(error!), cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(Pause(error), time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Lists if it must, and watches.</summary>
    /// <returns>Why it ended, or <see langword="null"/> if the server ended it.</returns>
    [SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "Whatever goes wrong, the objects are followed " +
        "further.")]
    private async Task<StoreException?> FollowOnceAsync(ChannelWriter<ReflectorItem> writer, CancellationToken cancellationToken)
    {
        _isOpen = false;
        try
        {
            if (_version is null)
            {
                ApiList list = await client.ListAsync(source, _listFrom, cancellationToken).ConfigureAwait(false);
                await TellBackAsync(writer, cancellationToken).ConfigureAwait(false);
                (_version, _listFrom) = (list.Version, list.Version);
                await writer.WriteAsync(new ReflectorItem.Listed(list), cancellationToken).ConfigureAwait(false);
            }

            TimeSpan duration = ShortestWatch * (1 + random.NextDouble());
            await foreach (IReadOnlyList<ApiItem> items in client.WatchAsync(source, _version, duration, cancellationToken).ConfigureAwait(false))
            {
                _isOpen = true;
                await TellBackAsync(writer, cancellationToken).ConfigureAwait(false);
                await TellAsync(writer, items, cancellationToken).ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            return Judge(failure);
        }
    }

    private async Task TellAsync(ChannelWriter<ReflectorItem> writer, IReadOnlyList<ApiItem> items, CancellationToken cancellationToken)
    {
        if (items.Count == 0)
            return;
        string version = items.LastOrDefault(static item => item.Object.ResourceVersion.Length > 0).Object?.ResourceVersion ?? _version!;
        ApiItem[] events = [.. items.Where(static item => item.Kind is ApiItemKind.Added or ApiItemKind.Modified or ApiItemKind.Deleted)];
        if (events.Length > 0)
            await writer.WriteAsync(new ReflectorItem.Changed(events, version), cancellationToken).ConfigureAwait(false);
        (_version, _listFrom) = (version, version);
    }

    private async Task TellBackAsync(ChannelWriter<ReflectorItem> writer, CancellationToken cancellationToken)
    {
        if (!_isAway)
            return;
        _isAway = false;
        await writer.WriteAsync(new ReflectorItem.Back(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What a failure means for what is done next.</summary>
    private StoreException Judge(Exception failure)
    {
        switch (failure)
        {
            case KubernetesApiException { IsExpired: true } expired:
                metrics.WatchBroken("expired");
                Log.Expired(logger, source.Resource, _version ?? _listFrom);
                // What this server has is to be told from what it had forgotten.
                (_version, _listFrom) = (null, "");
                return expired;
            case KubernetesApiException { IsTooNew: true } ahead:
                // Another server has not come as far yet; if it does not catch up, the newest that there is will do.
                _listFrom = "";
                return ahead;
            case KubernetesApiException { StatusCode: { } code } refused when (int)code < 500
                && code is not (
                    System.Net.HttpStatusCode.TooManyRequests or System.Net.HttpStatusCode.Unauthorized or System.Net.HttpStatusCode.Forbidden):
                metrics.WatchBroken("failed");
                (_version, _listFrom) = (null, "");
                return refused;
            case StoreException error:
                metrics.WatchBroken(error is KubernetesApiException { IsSilent: true } ? "silent" : "failed");
                return error;
            default:
                Log.Failed(logger, VisibleText.Of(failure), source.Resource);
                _version = null;
                return new StoreException($"Following {source.Resource} failed unexpectedly: {failure.Message}", isTransient: true, failure);
        }
    }

    private TimeSpan Pause(StoreException? error)
    {
        TimeSpan pause = Pauses.Delay(++_failures, random);
        return error is KubernetesApiException { RetryAfter: { } asked } && asked > pause ? asked : pause;
    }
}
