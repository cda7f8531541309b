using System.Collections.Concurrent;
using System.Diagnostics;
using Flannel.Benchmarks.Labs;

namespace Flannel.Benchmarks.Overlays;

/// <summary>
/// A flanneld as a process in a host's namespace, with its leases in etcd or in Kubernetes; ours, or another program that takes flannel's flags.
/// </summary>
internal sealed class Flanneld : IDisposable
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _subnetFile;
    private readonly long _started;
    private readonly ConcurrentQueue<string> _log = new();

    /// <summary>Starts the program. The clock runs from here.</summary>
    /// <param name="program">The program's file.</param>
    /// <param name="host">Where it runs.</param>
    /// <param name="etcd">Where the network is.</param>
    /// <param name="prefix">Below which key.</param>
    public Flanneld(string program, LabHost host, EtcdUnderTest etcd, string prefix)
        : this(host, program, $"-etcd-endpoints={etcd.Endpoint}", $"-etcd-prefix={prefix}")
    {
    }

    /// <summary>Starts the program under Kubernetes. The clock runs from here.</summary>
    /// <param name="program">The program's file.</param>
    /// <param name="host">Where it runs.</param>
    /// <param name="config">The file with the network configuration.</param>
    /// <param name="node">The name of its Node.</param>
    /// <param name="apiServer">The API server's address.</param>
    public Flanneld(string program, LabHost host, string config, string node, string apiServer)
        : this(host, "env", $"NODE_NAME={node}", program, "-kube-subnet-mgr", $"-kube-api-url={apiServer}", $"-net-config-path={config}")
    {
    }

    private Flanneld(LabHost host, string program, params string[] store)
    {
        _subnetFile = Path.Combine(Lab.Directory, $"{Guid.NewGuid():N}.env");
        string[] arguments = [.. store, $"-iface={LabHost.ExternalInterface}", $"-subnet-file={_subnetFile}", "-ip-masq=false"];
        _started = Stopwatch.GetTimestamp();
        _process = Command.Start(host, program, arguments, keepsErrors: true);
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The program of this tree, once published, and the one that the environment names to compare it with.</summary>
    public static (string? Ours, string? Peer) Programs()
    {
        DirectoryInfo? root = new(AppContext.BaseDirectory);
        while (root is not null && !File.Exists(Path.Combine(root.FullName, "Flannel.sln"))) root = root.Parent;
        string ours = Path.Combine(root?.FullName ?? "", "artifacts", "flanneld", "flanneld");
        string? peer = Environment.GetEnvironmentVariable("PEER_FLANNELD") is { Length: > 0 } named ? named : null;
        if (peer is not null && !File.Exists(peer)) throw new BenchException($"PEER_FLANNELD is '{peer}'; there is no such file.");
        return (File.Exists(ours) ? ours : null, peer);
    }

    /// <summary>How much memory it takes, in MB.</summary>
    public double ResidentMegabytes()
    {
        _process.Refresh();
        return _process.WorkingSet64 / 1e6;
    }

    /// <summary>How much memory it took at most so far, in MB.</summary>
    public double PeakMegabytes()
    {
        _process.Refresh();
        return _process.PeakWorkingSet64 / 1e6;
    }

    /// <summary>How many milliseconds have passed since it was started.</summary>
    public double Elapsed() => Stopwatch.GetElapsedTime(_started).TotalMilliseconds;

    /// <summary>Waits until it has written the subnet file.</summary>
    /// <returns>How many milliseconds after its start.</returns>
    /// <exception cref="BenchException">It ended, or wrote none.</exception>
    public async Task<double> WaitForSubnetFileAsync(CancellationToken cancellationToken)
    {
        while (!File.Exists(_subnetFile))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(_started) > StartLimit)
            {
                string end = _process.HasExited ? $"ended with {_process.ExitCode}" : $"wrote no subnet file within {StartLimit}";
                throw new BenchException($"{_process.StartInfo.ArgumentList[1]} {end}. It said:\n{string.Join('\n', _log.TakeLast(5))}");
            }

            await Task.Delay(PollInterval, cancellationToken);
        }

        return Elapsed();
    }

    /// <summary>Kills it; what it made in the kernel stays.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_subnetFile);
    }

    private void Keep(string? line)
    {
        if (line is not null) _log.Enqueue(line);
    }
}
