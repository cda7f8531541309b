using System.Net;
using System.Text.RegularExpressions;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Packages;

/// <summary>Who has nothing but the packages has all it takes.</summary>
[Collection(PackageFeed.Collection)]
public sealed partial class OutsideProgramTests(PackageFeed feed)
{
    [Fact]
    public void Program_FitsInFifteenLines() => Assert.InRange(File.ReadAllLines(OutsideProgram.Source).Length, 1, 15);

    [NetnsFact]
    public async Task Program_FromThePackagesAlone_RunsAnOverlay()
    {
        await using var lab = NetworkLab.Create();
        OutsideProgram program = await feed.OutsideAsync();
        await using OutsideProcess process = program.Start(isNative: false, [.. lab.Hosts.Select(host => host.NamespaceName)]);

        (string name, string subnet, string peer) first = await ReadAsync(process.Output);
        (string name, string subnet, string peer) second = await ReadAsync(process.Output);

        Assert.Equal(lab.Hosts.Select(host => host.NamespaceName), [first.name, second.name]);
        Assert.NotEqual(first.subnet, second.subnet);
        Assert.Equal((second.subnet, first.subnet), (first.peer, second.peer));
        PingReport report = await lab.Hosts[0].PingAsync(IPNetwork.Parse(second.subnet).BaseAddress); // the other host's flannel.1
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal(0, await process.EndAsync());
    }

    private static async Task<(string Name, string Subnet, string Peer)> ReadAsync(StreamReader output)
    {
        string? line = await output.ReadLineAsync().WaitAsync(OverlayCluster.Limit);
        Match match = Line().Match(line ?? "");
        Assert.True(match.Success, $"Expected a host with its subnet and its peer, got '{line}'.");
        return (match.Groups[1].Value, match.Groups[2].Value, match.Groups[3].Value);
    }

    [GeneratedRegex(@"^(\S+): (10\.5\.\d+\.0/24), peers: (10\.5\.\d+\.0/24)$")]
    private static partial Regex Line();
}
