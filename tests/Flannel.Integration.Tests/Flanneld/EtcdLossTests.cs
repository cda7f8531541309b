using System.Globalization;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>
/// Many agents lose etcd within a second of being ready. FLANNEL_STRESS_AGENTS says how many; FLANNEL_STRESS_SEED repeats the pauses of a run,
/// whose first wave has the seed that it shows, the next one the seed after it.
/// </summary>
public sealed class EtcdLossTests(ITestOutputHelper output)
{
    private const int WaveSize = 10;

    [NetnsFact]
    public async Task EtcdKilledSoonAfterTheStart_AndEmptyWhenItReturns_LeavesNoAgentStuck()
    {
        int agents = Read("FLANNEL_STRESS_AGENTS", 12);
        int seed = Read("FLANNEL_STRESS_SEED", Random.Shared.Next(1_000_000));
        List<string> failures = [];
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = WaveSize + EtcdLossWave.Quitters });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], config: null);
        for (int started = 0; started < agents; started += WaveSize, seed++)
        {
            LabHost[] hosts = [.. lab.Hosts.Take(Math.Min(WaveSize, agents - started) + EtcdLossWave.Quitters)];
            await using var wave = new EtcdLossWave(hosts, etcd, seed);
            await wave.RunAsync();
            output.WriteLine($"{wave}");
            failures.AddRange(wave.Failures.Select(failure => $"{wave}: {failure}"));
        }

        Assert.True(failures.Count == 0, $"{failures.Count} failures with {agents} agents:\n{string.Join("\n\n", failures)}");
    }

    private static int Read(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
