namespace Orchestrator.Reporting;

/// <summary>Says how a person gets into the hosts and containers of a demo that stays up.</summary>
internal static class Entrance
{
    public static string Describe(Cluster cluster)
    {
        string host = cluster.Hosts[0].Machine.Name;
        string container = cluster.Hosts[0].Containers[0].Machine.Name;
        return $"""

            Everything stays up until Ctrl+C. From another terminal, for example:
              a host:       {Prefix(host)} ip route
              a container:  {Prefix(container)} ping {cluster.Hosts[^1].Containers[^1].Addresses[0]}
            """;
    }

    // Named namespaces are mounts, so they are in sight only of those who share our mount namespace. Others reach them through our root directory.
    private static string Prefix(string name)
    {
        string inside = $"--net=/proc/{Environment.ProcessId}/root/run/netns/{name}";
        return MountsOf("1") switch
        {
            null => $"nsenter --target {Environment.ProcessId} --user --preserve-credentials {inside}", // not ours to see: we are in a user namespace
            var mounts when mounts == MountsOf("self") => $"ip netns exec {name}",
            _ => $"nsenter {inside}",
        };
    }

    private static string? MountsOf(string process) => new FileInfo($"/proc/{process}/ns/mnt").LinkTarget;
}
