using System.Runtime.InteropServices;
using Flannel.Benchmarks.Labs;

namespace Flannel.Benchmarks.Reporting;

/// <summary>What the figures depend on.</summary>
internal static class HostFacts
{
    public static IReadOnlyList<string> Read() =>
    [
        $"Linux {File.ReadAllText("/proc/sys/kernel/osrelease").Trim()} ({RuntimeInformation.OSArchitecture}), {Cpu()}, " +
        $"{Environment.ProcessorCount} cores, load {Load()} at the start",
        $"{RuntimeInformation.FrameworkDescription}, {Iproute2()}, {Iperf()}",
    ];

    private static string Cpu() => File.ReadLines("/proc/cpuinfo")
        .Where(static line => line.StartsWith("model name", StringComparison.Ordinal))
        .Select(static line => line.Split(':', 2)[1].Trim())
        .FirstOrDefault("unknown CPU");

    private static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>Out of 'ip utility, iproute2-6.1.0, libbpf 1.1.2'.</summary>
    private static string Iproute2() => Command.Read("ip", "-V").Split(',')[1].Trim();

    /// <summary>Out of 'iperf 3.12 (cJSON 1.7.15)'.</summary>
    private static string Iperf() => Command.Read("iperf3", "--version").Split('(')[0].Trim();
}
