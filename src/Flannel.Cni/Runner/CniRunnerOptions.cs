namespace Flannel.Cni;

/// <summary>Where a <see cref="CniRunner"/> finds plugins and keeps results, and how long it waits.</summary>
public sealed class CniRunnerOptions
{
    /// <summary>
    /// The folders of plugins, the first that has one counts (<c>CNI_PATH</c>): <c>/opt/cni/bin</c> and <c>/usr/lib/cni</c>, Debian's, unless set.
    /// </summary>
    public IReadOnlyList<string> PluginFolders { get; init; } = ["/opt/cni/bin", "/usr/lib/cni"];

    /// <summary>The folder that results are cached below; libcni's <c>/var/lib/cni</c> unless set.</summary>
    public string CacheFolder { get; init; } = "/var/lib/cni";

    /// <summary>How long one plugin may take before it is killed: 60 seconds unless set, a day at most.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The path of the network namespace that is the host's to plugins; <see langword="null"/> for the process's own.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>
    /// Environment variables for plugins beside those of CNI. Plugins inherit nothing of this process; unless set they get <c>PATH</c>, because some
    /// of them start iptables and the like.
    /// </summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } =
        new Dictionary<string, string> { ["PATH"] = $"{System.Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin" };
}
