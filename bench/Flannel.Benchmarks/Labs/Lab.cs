namespace Flannel.Benchmarks.Labs;

/// <summary>Network namespaces to measure in. Those that are still there when the lab is disposed go with it.</summary>
internal sealed class Lab : IDisposable
{
    private static int _hostsSoFar;
    private readonly List<LabHost> _hosts = [];

    /// <summary>A directory for files; next to where the names of namespaces are, which is private to the run under <c>build.sh</c>.</summary>
    public static string Directory { get; } = $"/run/flannel-bench-{Environment.ProcessId}";

    public Lab() => System.IO.Directory.CreateDirectory(Directory);

    /// <summary>Adds an empty namespace.</summary>
    /// <param name="role">What it is for.</param>
    public LabHost Add(string role)
    {
        var host = new LabHost($"flbench-{Environment.ProcessId}-{Interlocked.Increment(ref _hostsSoFar)}-{role}");
        _hosts.Add(host);
        return host;
    }

    /// <summary>Adds a host that is alone: its external interface leads nowhere.</summary>
    /// <param name="role">What it is for.</param>
    public LabHost AddLoneHost(string role)
    {
        LabHost host = Add(role);
        host.AddLoneInterface();
        return host;
    }

    public void Dispose()
    {
        foreach (LabHost host in _hosts) host.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
