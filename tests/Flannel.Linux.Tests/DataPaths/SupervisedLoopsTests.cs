using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Linux.Tests.DataPaths;

public sealed class SupervisedLoopsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _reports = [];

    [Fact]
    public async Task Loop_Fails_IsReportedAndStartedAgainAfterAMoment()
    {
        using var loops = NewLoops();
        var secondRun = new TaskCompletionSource();
        int runs = 0;
        loops.Start("faulty", async token =>
        {
            if (++runs == 1) throw new InvalidOperationException("broken");
            secondRun.SetResult();
            await Task.Delay(Timeout.Infinite, token);
        });

        await _time.AdvanceToNextTimerAsync();
        await secondRun.Task.WaitAsync(Deadline);
        await loops.StopAsync().WaitAsync(Deadline);

        Assert.Equal(["faulty: broken"], _reports);
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task Stop_WhileOneLoopWaitsAndAnotherIsToBeStartedAgain_EndsBoth()
    {
        using var loops = NewLoops();
        loops.Start("waiting", token => Task.Delay(Timeout.Infinite, token));
        loops.Start("faulty", _ => throw new InvalidOperationException("broken"));
        await _time.WaitForTimerAsync();

        await loops.StopAsync().WaitAsync(Deadline);

        Assert.Equal(["faulty: broken"], _reports);
    }

    private SupervisedLoops NewLoops() => new(_time, (exception, loop) => _reports.Add($"{loop}: {exception.Message}"));
}
