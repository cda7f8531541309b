using Flannel.Simulation.Runs;

namespace Flannel.Simulation.Tests.Runs;

public sealed class ShrinkerTests
{
    [Fact]
    public async Task Shrink_WhereTwoFaultsAndThreeHostsMatter_LeavesNothingElse()
    {
        RunSpec smallest = await Shrinker.ShrinkAsync(
            new RunSpec(1, 8, [.. Enumerable.Range(0, 20)]),
            static candidate => Task.FromResult(candidate.Hosts >= 3 && candidate.Faults!.Contains(4) && candidate.Faults!.Contains(13)));

        Assert.Equal("1:3:4,13", smallest.ToString());
    }

    [Fact]
    public async Task Shrink_WhereNoFaultMatters_LeavesNone()
    {
        RunSpec smallest = await Shrinker.ShrinkAsync(new RunSpec(7), static _ => Task.FromResult(true));

        Assert.Equal("7:2:", smallest.ToString());
    }
}
