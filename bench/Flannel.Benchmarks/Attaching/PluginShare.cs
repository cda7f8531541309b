using System.Diagnostics;
using Flannel.Benchmarks.Labs;
using Flannel.Cni;

namespace Flannel.Benchmarks.Attaching;

/// <summary>What the plugin <c>flannel</c> adds to an ADD: the same delegate, which does nothing, started by it and started directly.</summary>
internal static class PluginShare
{
    /// <summary>Where the times are.</summary>
    public const string Key = "plugin";

    private const int Runs = 25;

    private static readonly string Plugin = Path.GetFullPath("artifacts/cni/flannel");

    /// <summary>Adds the differences to the times; does nothing if the plugin was not published.</summary>
    public static async Task MeasureAsync(Lab lab, Dictionary<string, Times> times, CancellationToken cancellationToken)
    {
        if (!File.Exists(Plugin)) return;
        string folder = Directory.CreateTempSubdirectory("flannel-bench-plugin").FullName;
        using LabHost host = lab.Add("host");
        using LabHost container = lab.Add("c");
        try
        {
            string idle = Path.Combine(folder, "idle");
            await File.WriteAllTextAsync(
                idle, "#!/bin/sh\nwhile read -r _; do :; done\necho " +
                    "'{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.7.0.2/24\"}]}'\n", cancellationToken);
            File.SetUnixFileMode(idle, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            File.CreateSymbolicLink(Path.Combine(folder, "flannel"), Plugin);
            string subnetFile = Path.Combine(folder, "subnet.env");
            await File.WriteAllTextAsync(
                subnetFile, "FLANNEL_NETWORK=10.7.0.0/16\nFLANNEL_SUBNET=10.7.0.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", cancellationToken);
            var runner = new CniRunner(new CniRunnerOptions { PluginFolders = [folder], CacheFolder = folder, NetworkNamespace = host.Path });
            CniNetworkList direct = CniNetworkList.Parse("""{"cniVersion":"1.0.0","name":"idle","plugins":[{"type":"idle"}]}""");
            CniNetworkList through = CniNetworkList.Parse(
                $$"""
                {"cniVersion":"1.0.0","name":"idle","plugins":
                 [{"type":"flannel","subnetFile":"{{subnetFile}}","dataDir":"{{folder}}/data","delegate":{"type":"idle"} }]}
                """);
            if (!times.TryGetValue(Key, out Times? found)) times.Add(Key, found = new Times());
            for (int run = 0; run < Runs; run++)
            {
                double without = await AddAsync(runner, direct, container, cancellationToken);
                double with = await AddAsync(runner, through, container, cancellationToken);
                found.Each.Add(with - without);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<double> AddAsync(CniRunner runner, CniNetworkList list, LabHost container, CancellationToken cancellationToken)
    {
        var attachment = new CniAttachment(container.Name, container.Path);
        long started = Stopwatch.GetTimestamp();
        await runner.AddAsync(list, attachment, cancellationToken);
        double elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        await runner.DeleteAsync(list, attachment, cancellationToken);
        return elapsed;
    }
}
