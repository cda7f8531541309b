using System.Collections.Immutable;
using Flannel.Extensibility;

namespace Flannel.Linux.Tests.DataPaths;

public sealed class DataPathStatusTests
{
    private static readonly SubnetKey First = SubnetKey.Parse("10.5.1.0-24");
    private static readonly SubnetKey Second = SubnetKey.Parse("10.5.2.0-24");

    [Fact]
    public void Merge_TwoFamilies_TakesTheWorseOfBothAndSaysEachProblemOnce()
    {
        BackendStatus merged = DataPathStatus.Merge(
        [
            StatusOf("the link is down", (First, "refused"), (Second, "refused")) with { Mtu = 1450 },
            StatusOf("the link is down", (First, "no gateway"), (Second, "refused")) with { Mtu = 1430, IsConverged = false },
        ]);

        Assert.Equal((1430, false, "the link is down"), (merged.Mtu, merged.IsConverged, merged.Problem));
        Assert.Equal("refused; no gateway", merged.PeerProblems[First]);
        Assert.Equal("refused", merged.PeerProblems[Second]);
    }

    [Fact]
    public void Report_EachStatus_SaysOnlyWhatChanged()
    {
        var said = new List<string>();
        var report = new ProblemReport(problem => said.Add(problem ?? "healed"), (peer, problem) => said.Add($"{peer} {problem ?? "healed"}"));

        report.Take(() => StatusOf(null));
        report.Take(() => StatusOf("broken", (First, "refused")));
        report.Take(() => StatusOf("broken", (First, "refused otherwise"), (Second, "refused")));
        Assert.Equal(["broken", "10.5.1.0-24 refused", "10.5.2.0-24 refused"], said);

        said.Clear();
        report.Take(() => StatusOf(null, (Second, "refused")));
        Assert.Equal(["healed", "10.5.1.0-24 healed"], said);
    }

    private static DataPathStatus StatusOf(string? problem, params (SubnetKey Peer, string Problem)[] peers) =>
        new(1450, IsConverged: true, problem, peers.ToImmutableDictionary(static peer => peer.Peer, static peer => peer.Problem));
}
