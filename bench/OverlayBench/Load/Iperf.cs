using System.Globalization;
using System.Text.Json;
using Flannel.Benchmarks.Labs;

namespace OverlayBench.Load;

/// <summary>TCP from container to container by iperf3.</summary>
internal static class Iperf
{
    /// <summary>Sends and waits for the end.</summary>
    /// <param name="pods">The containers.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="options">More of iperf3's options.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<IperfResult> RunAsync(ContainerPair pods, int seconds, IEnumerable<string> options, CancellationToken cancellationToken)
    {
        string time = seconds.ToString(CultureInfo.InvariantCulture);
        string[] arguments = ["--client", pods.ServerAddress.ToString(), "--time", time, "--json", .. options];
        using JsonDocument report = JsonDocument.Parse(await Command.ReadAsync(pods.Client, "iperf3", arguments, cancellationToken));
        JsonElement end = report.RootElement.GetProperty("end");
        return new IperfResult(
            Sum(end, "received", "bits_per_second") / 1e9,
            Sum(end, "received", "bytes"),
            Sum(end, "sent", "retransmits"));
    }

    /// <summary>Both directions together; there is one unless both were asked for.</summary>
    private static double Sum(JsonElement end, string side, string figure) =>
        ((string[])[$"sum_{side}", $"sum_{side}_bidir_reverse"]).Sum(name =>
            end.TryGetProperty(name, out JsonElement sum) && sum.TryGetProperty(figure, out JsonElement value) ? value.GetDouble() : 0);
}
