using System.Diagnostics;

namespace Flannel.Benchmarks.Labs;

/// <summary>A watch of etcd that knows nothing of leases: it tells when etcd tells.</summary>
internal sealed class EtcdWatch(StreamReader lines) : IDisposable
{
    /// <summary>How many milliseconds from now until the next change.</summary>
    public async Task<double> TimeNextAsync(CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        if (await lines.ReadLineAsync(cancellationToken) is null) throw new BenchException("etcd ended the watch.");
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    public void Dispose() => lines.Dispose();
}
