using System.Collections.Concurrent;

namespace Flannel.Testing.Tests.Time;

public sealed class FakeTimeProviderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Clock_NotAdvanced_StandsStill()
    {
        var start = new DateTimeOffset(2026, 11, 21, 12, 0, 0, TimeSpan.FromHours(2));
        var time = new FakeTimeProvider(start);

        Assert.Equal(start, time.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, time.GetUtcNow().Offset);
        Assert.Equal(time.GetTimestamp(), time.GetTimestamp());
        Assert.Equal(TimeZoneInfo.Utc, time.LocalTimeZone);
    }

    [Fact]
    public void Advance_MovesWallClockAndTimestampTogether()
    {
        DateTimeOffset start = _time.GetUtcNow();
        long timestamp = _time.GetTimestamp();

        _time.Advance(TimeSpan.FromTicks(12_345_678));

        Assert.Equal(TimeSpan.FromTicks(12_345_678), _time.GetUtcNow() - start);
        Assert.Equal(TimeSpan.FromTicks(12_345_678), _time.GetElapsedTime(timestamp));
        Assert.Equal(TimeSpan.FromTicks(12_345_678), _time.Elapsed);
    }

    [Fact]
    public void Advance_Negative_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => _time.Advance(-Second));

    [Fact]
    public void ShiftWallClock_LeavesTimestampsAndTimersAlone()
    {
        DateTimeOffset start = _time.GetUtcNow();
        using ITimer timer = _time.CreateTimer(_ => { }, null, Second, Timeout.InfiniteTimeSpan);

        _time.ShiftWallClock(TimeSpan.FromHours(-1));

        Assert.Equal(TimeSpan.FromHours(-1), _time.GetUtcNow() - start);
        Assert.Equal(0, _time.GetTimestamp());
        Assert.Equal([Second], _time.ArmedTimers);
    }

    [Fact]
    public void Advance_OverSeveralTimers_FiresEachAtItsDueTimeInOrder()
    {
        var fired = new List<(string Name, TimeSpan At)>();
        using ITimer late = Timer("late", 3 * Second, Timeout.InfiniteTimeSpan);
        using ITimer tieA = Timer("tie a", 2 * Second, Timeout.InfiniteTimeSpan);
        using ITimer tieB = Timer("tie b", 2 * Second, Timeout.InfiniteTimeSpan);
        using ITimer often = Timer("often", 1.5 * Second, 1.5 * Second);
        using ITimer never = Timer("never", Timeout.InfiniteTimeSpan, Second);

        _time.Advance(4 * Second);

        // At 3 s "late" precedes the second "often": it was armed first.
        Assert.Equal(
            [("often", 1.5 * Second), ("tie a", 2 * Second), ("tie b", 2 * Second), ("late", 3 * Second), ("often", 3 * Second)],
            fired);
        Assert.Equal([0.5 * Second], _time.ArmedTimers);

        ITimer Timer(string name, TimeSpan due, TimeSpan period) => _time.CreateTimer(_ => fired.Add((name, _time.Elapsed)), null, due, period);
    }

    [Fact]
    public void Advance_JustShortOfDue_DoesNotFire()
    {
        int fired = 0;
        using ITimer timer = _time.CreateTimer(_ => fired++, null, Second, Timeout.InfiniteTimeSpan);

        _time.Advance(Second - TimeSpan.FromTicks(1));
        Assert.Equal(0, fired);
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, fired);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Advance_CallbackArmsAnotherTimer_FiresItInTheSameAdvance()
    {
        var fired = new List<TimeSpan>();
        using ITimer first = _time.CreateTimer(
            _ => _time.CreateTimer(_ => fired.Add(_time.Elapsed), null, Second, Timeout.InfiniteTimeSpan), null, Second, Timeout.InfiniteTimeSpan);

        _time.Advance(5 * Second);

        Assert.Equal([2 * Second], fired);
    }

    [Fact]
    public void Change_ReplacesTheOldDueTime()
    {
        var fired = new List<TimeSpan>();
        using ITimer timer = _time.CreateTimer(_ => fired.Add(_time.Elapsed), null, Second, Second);

        Assert.True(timer.Change(3 * Second, Timeout.InfiniteTimeSpan));
        _time.Advance(10 * Second);
        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        _time.Advance(10 * Second);

        Assert.Equal([3 * Second], fired);
    }

    [Fact]
    public void Dispose_StopsTheTimerAndRefusesChange()
    {
        int fired = 0;
        ITimer timer = _time.CreateTimer(_ => fired++, null, Second, Second);

        timer.Dispose();
        _time.Advance(5 * Second);

        Assert.Equal(0, fired);
        Assert.Empty(_time.ArmedTimers);
        Assert.False(timer.Change(Second, Second));
    }

    [Fact]
    public void Change_OutsideTheRangeOfSystemTimers_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(_ => { }, null, TimeSpan.FromMilliseconds(-2), Second));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(_ => { }, null, TimeSpan.FromDays(50), Second));
        Assert.Throws<ArgumentOutOfRangeException>(() => _time.CreateTimer(_ => { }, null, Second, TimeSpan.FromDays(50)));
    }

    [Fact]
    public async Task CreateTimer_DueAtOnce_FiresWithoutAdvance()
    {
        var fired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        using ITimer timer = _time.CreateTimer(_ => fired.TrySetResult(), null, TimeSpan.Zero, Second);

        await fired.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal([Second], _time.ArmedTimers);
    }

    [Fact]
    public async Task TaskDelay_LoopOfDelays_RunsToItsNextWaitBeforeAdvanceReturns()
    {
        int rounds = 0;
        using var stop = new CancellationTokenSource();
        Task loop = LoopAsync();

        _time.Advance(10 * Second);

        Assert.Equal(10, rounds);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
        Assert.Empty(_time.ArmedTimers);

        async Task LoopAsync()
        {
            while (true)
            {
                await Task.Delay(Second, _time, stop.Token).ConfigureAwait(false);
                rounds++;
            }
        }
    }

    [Fact]
    public void CancellationTokenSource_WithTimeout_IsCancelledByAdvance()
    {
        using var source = new CancellationTokenSource(Second, _time);

        Assert.False(source.IsCancellationRequested);
        _time.Advance(Second);
        Assert.True(source.IsCancellationRequested);
    }

    [Fact]
    public async Task PeriodicTimer_TicksOncePerPeriod()
    {
        using var timer = new PeriodicTimer(Second, _time);
        ValueTask<bool> tick = timer.WaitForNextTickAsync();

        Assert.False(tick.IsCompleted);
        _time.Advance(Second);
        Assert.True(await tick);
    }

    [Fact]
    public async Task WaitForTimer_ArmedLater_CompletesWithTimeLeft()
    {
        Task<TimeSpan> any = _time.WaitForTimerAsync();
        Task exact = _time.WaitForTimerAsync(2 * Second);
        Task two = _time.WaitForTimersAsync(2);
        Assert.False(any.IsCompleted);

        using ITimer first = _time.CreateTimer(_ => { }, null, Second, Timeout.InfiniteTimeSpan);
        Assert.Equal(Second, await any);
        Assert.False(exact.IsCompleted);
        Assert.False(two.IsCompleted);

        using ITimer second = _time.CreateTimer(_ => { }, null, 2 * Second, Timeout.InfiniteTimeSpan);
        await exact;
        await two;
    }

    [Fact]
    public async Task WaitForArming_OldTimersArmed_WaitsForANewOne()
    {
        using ITimer old = _time.CreateTimer(_ => { }, null, Second, Second);
        long before = _time.Armings;
        Task wait = _time.WaitForArmingAsync(before);
        Assert.False(wait.IsCompleted);

        using ITimer fresh = _time.CreateTimer(_ => { }, null, 9 * Second, Timeout.InfiniteTimeSpan);

        await wait;
        Assert.Equal(before + 1, _time.Armings);
    }

    [Fact]
    public async Task WaitForArming_PeriodicTimerRepeats_CompletesDuringAdvance()
    {
        using ITimer timer = _time.CreateTimer(_ => { }, null, Second, Second);
        Task wait = _time.WaitForArmingAsync(_time.Armings);

        _time.Advance(Second);

        await wait;
    }

    [Fact]
    public async Task AdvanceToNextTimer_AdvancesExactlyToTheFirst()
    {
        int fired = 0;
        using ITimer later = _time.CreateTimer(_ => fired += 100, null, 7 * Second, Timeout.InfiniteTimeSpan);
        using ITimer sooner = _time.CreateTimer(_ => fired++, null, 3 * Second, Timeout.InfiniteTimeSpan);

        Assert.Equal(3 * Second, await _time.AdvanceToNextTimerAsync());
        Assert.Equal(1, fired);
        Assert.Equal(4 * Second, await _time.AdvanceToNextTimerAsync());
        Assert.Equal(101, fired);
    }

    [Fact]
    public async Task WaitForTimer_Cancelled_Throws()
    {
        using var stop = new CancellationTokenSource();
        Task wait = _time.WaitForTimerAsync(stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Advance_TimersArmedByManyThreads_FiresEveryOne()
    {
        const int PerThread = 500;
        var fired = new ConcurrentBag<int>();
        Task[] armers = [.. Enumerable.Range(0, 4).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < PerThread; i++)
            {
                int id = (thread * PerThread) + i;
                _time.CreateTimer(_ => fired.Add(id), null, TimeSpan.FromMilliseconds(1 + (i % 7)), Timeout.InfiniteTimeSpan);
                if (i % 50 == 0)
                    _time.Advance(TimeSpan.FromMilliseconds(1));
            }
        }))];

        await Task.WhenAll(armers);
        _time.Advance(Second);

        Assert.Equal(Enumerable.Range(0, 4 * PerThread), fired.Order());
    }
}
