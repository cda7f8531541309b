using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Processes;

namespace Flannel.Lab.Etcd;

/// <summary>One etcd process on loopback, or on a laboratory's host.</summary>
public sealed class EtcdMember : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly string _folder;
    private readonly EtcdOptions _options;
    private readonly int _clientPort;
    private readonly int _peerPort;
    private readonly int _metricsPort;
    private readonly ConcurrentQueue<string> _log = new();
    private Process? _process;

    internal EtcdMember(string name, string folder, EtcdOptions options)
    {
        (Name, _folder, _options) = (name, folder, options);
        (_clientPort, _peerPort, _metricsPort) = (FreePort.Take(), FreePort.Take(), FreePort.Take());
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = NamespaceConnection.From(_options.Host) });
    }

    public string Name { get; }

    /// <summary>Where clients connect.</summary>
    public string Endpoint => $"{Scheme}://{_options.Host?.Address ?? IPAddress.Loopback}:{_clientPort}";

    /// <summary>Where clients on the same host connect.</summary>
    public string LoopbackEndpoint => $"{Scheme}://127.0.0.1:{_clientPort}";

    /// <summary>Where it serves metrics over HTTP/1.1.</summary>
    public string MetricsEndpoint => $"http://127.0.0.1:{_metricsPort}";

    private string Scheme => _options.Certificates is null ? "http" : "https";

    private string DataFolder => Path.Combine(_folder, Name);

    internal string PeerUrl => $"http://127.0.0.1:{_peerPort}";

    /// <summary>Has it shut down in an orderly way, which says goodbye to its clients.</summary>
    public async Task TerminateAsync()
    {
        await SignalAsync("-TERM");
        await KillAsync(waitFirst: true);
    }

    /// <summary>Kills it without warning.</summary>
    public Task KillAsync() => KillAsync(waitFirst: false);

    private async Task KillAsync(bool waitFirst)
    {
        if (_process is null)
            return;
        if (!waitFirst)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>Stops it in its tracks: its connections stay, and nobody answers.</summary>
    public Task FreezeAsync() => SignalAsync("-STOP");

    /// <summary>Lets it go on.</summary>
    public Task ThawAsync() => SignalAsync("-CONT");

    /// <summary>One of its metrics, summed over all labels.</summary>
    public async Task<double> MetricAsync(string name)
    {
        string metrics = await _http.GetStringAsync(new Uri($"{MetricsEndpoint}/metrics"));
        return metrics.Split('\n')
            .Where(line => line.StartsWith(name + " ", StringComparison.Ordinal) || line.StartsWith(name + "{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _http.Dispose();
    }

    /// <summary>Removes the data of a member that does not run.</summary>
    internal void Erase() => Directory.Delete(DataFolder, recursive: true);

    internal void Launch(string initialCluster, bool joins = false)
    {
        ProcessStartInfo start = _options.Start("etcd", Arguments(initialCluster));
        if (joins)
            start.ArgumentList.Add("--initial-cluster-state=existing");
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits until it serves clients, which takes a leader.</summary>
    internal async Task WaitUntilHealthyAsync()
    {
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                string health = await _http.GetStringAsync(new Uri($"{MetricsEndpoint}/health"), limit.Token);
                if (health.Contains("\"true\"", StringComparison.Ordinal))
                    return;
            }
            catch (HttpRequestException) when (_process is { HasExited: false })
            {
                // Not yet.
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
            {
                throw new InvalidOperationException(
                    $"etcd {Name} does not get healthy. Its last words:\n{string.Join('\n', _log.TakeLast(20))}", error);
            }

            await Task.Delay(50, limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private IEnumerable<string> Arguments(string initialCluster)
    {
        yield return $"--name={Name}";
        yield return $"--data-dir={DataFolder}";
        yield return $"--listen-client-urls={(_options.Host is null ? Endpoint : $"{Scheme}://0.0.0.0:{_clientPort}")}";
        yield return $"--advertise-client-urls={Endpoint}";
        yield return $"--listen-peer-urls={PeerUrl}";
        yield return $"--initial-advertise-peer-urls={PeerUrl}";
        yield return $"--initial-cluster={initialCluster}";
        yield return $"--initial-cluster-token={_folder}";
        yield return $"--listen-metrics-urls=http://127.0.0.1:{_metricsPort}";
        yield return "--logger=zap";
        if (_options.Members > 1)
        {
            // A busy machine must not look like a dead leader.
            yield return "--heartbeat-interval=200";
            yield return "--election-timeout=2000";
        }

        if (_options.TokenSeconds > 0)
            yield return $"--auth-token-ttl={_options.TokenSeconds}";
        if (_options.QuotaBytes > 0)
            yield return $"--quota-backend-bytes={_options.QuotaBytes}";
        if (_options.Certificates is not { } certificates)
            yield break;
        yield return $"--cert-file={certificates.ServerCertificate}";
        yield return $"--key-file={certificates.ServerKey}";
        if (_options.DemandsClientCertificate)
        {
            yield return "--client-cert-auth";
            yield return $"--trusted-ca-file={certificates.Authority}";
        }
    }

    private async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        await kill.WaitForExitAsync();
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        _log.Enqueue(line);
        if (_log.Count > 100)
            _log.TryDequeue(out _);
    }
}
