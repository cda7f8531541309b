using Flannel.Core.Reconciliation;
using Flannel.Testing.Time;

namespace Flannel.Core.Tests.Reconciliation;

public sealed class ReconcilerTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly FakeTarget _target = new();
    private readonly FakeTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Reconciler<string, int> _reconciler;
    private Task _run = Task.CompletedTask;

    public ReconcilerTests() => _reconciler = new Reconciler<string, int>(_target, new ReconcilerOptions(), _time, new Random(1));

    public Task InitializeAsync()
    {
        _run = _reconciler.RunAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.WaitAsync(Limit);
        _stop.Dispose();
    }

    [Fact]
    public async Task Set_EmptyKernel_WritesInOrder()
    {
        _reconciler.Set(Entries(("b", 2), ("a", 1), ("c", 3)));
        await ConvergedAsync();
        Assert.Equal(["read", "+a=1", "+b=2", "+c=3"], _target.TakeLog());
    }

    [Fact]
    public async Task Set_KernelHasOthers_RemovesThemLastInReverseOrder()
    {
        _target.Edit(kernel => (kernel["x"], kernel["y"], kernel["a"]) = (9, 9, 0));
        _reconciler.Set(Entries(("a", 1)));
        await ConvergedAsync();
        Assert.Equal(["read", "+a=1", "-y", "-x"], _target.TakeLog());
    }

    [Fact]
    public async Task Set_SameAsKernel_WritesNothing()
    {
        _target.Edit(kernel => kernel["a"] = 1);
        _reconciler.Set(Entries(("a", 1)));
        await ConvergedAsync();
        _reconciler.RequestResync();
        await ConvergedAsync();
        Assert.Equal(["read", "read"], _target.TakeLog());
        Assert.Equal(0, _reconciler.Status.Writes);
    }

    [Fact]
    public async Task Change_BeforeFirstSet_TouchesNothing()
    {
        _target.Edit(kernel => kernel["a"] = 1);
        _reconciler.Change([], Entries(("b", 2)));
        _reconciler.RequestResync();
        _time.Advance(TimeSpan.FromHours(1));
        _reconciler.Set(Entries(("a", 1), ("b", 2)));
        await ConvergedAsync();
        Assert.Equal(["read", "+b=2"], _target.TakeLog());
    }

    [Fact]
    public async Task Change_UpsertAndRemoval_AppliesOnlyThem()
    {
        _reconciler.Set(Entries(("a", 1), ("b", 2)));
        await ConvergedAsync();
        _target.TakeLog();
        _reconciler.Change(["a"], Entries(("c", 3)));
        await ConvergedAsync();
        Assert.Equal(["+c=3", "-a"], _target.TakeLog());
    }

    [Fact]
    public async Task Apply_OneFails_OthersAreWrittenAndItIsRetriedAlone()
    {
        _target.Broken.Add("b");
        _reconciler.Set(Entries(("a", 1), ("b", 2), ("c", 3)));
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("b"));
        Assert.Equal(["read", "+a=1", "+b=2", "+c=3"], _target.TakeLog());

        TimeSpan first = await _time.AdvanceToNextTimerAsync();
        await _time.WaitForTimerAsync();
        TimeSpan second = _time.ArmedTimers[0];
        Assert.Equal(["+b=2"], _target.TakeLog());
        Assert.True(second > first * 1.2, $"the back-off grows: {first}, then {second}");

        _target.Broken.Clear();
        _time.Advance(second);
        await UntilAsync(status => status.IsConverged && status.Failures.IsEmpty);
        Assert.Equal(["+b=2"], _target.TakeLog());
        Assert.Equal(2, _target.Kernel["b"]);
    }

    [Fact]
    public async Task Apply_FailingEntryGetsNewValue_IsTriedAtOnce()
    {
        _target.Broken.Add("a");
        _reconciler.Set(Entries(("a", 1)));
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("a"));
        _target.Broken.Clear();
        _reconciler.Change([], Entries(("a", 2)));
        await UntilAsync(status => status.IsConverged && status.Failures.IsEmpty);
        Assert.Equal(2, _target.Kernel["a"]);
    }

    [Fact]
    public async Task Resync_WhileEntryIsHeldBack_TriesItAtOnce()
    {
        _target.Broken.Add("a");
        _reconciler.Set(Entries(("a", 1)));
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("a"));
        _target.Broken.Clear();
        _reconciler.RequestResync();
        await UntilAsync(status => status.IsConverged && status.Failures.IsEmpty);
        Assert.Equal(1, _target.Kernel["a"]);
    }

    [Fact]
    public async Task Read_Fails_IsReportedAndRetried()
    {
        _target.IsUnreadable = true;
        _reconciler.Set(Entries(("a", 1)));
        await UntilAsync(status => status.ReadError is IOException);
        Assert.False(_reconciler.Status.IsConverged);
        _target.IsUnreadable = false;
        await _time.AdvanceToNextTimerAsync();
        await ConvergedAsync();
        Assert.Null(_reconciler.Status.ReadError);
        Assert.Equal(1, _target.Kernel["a"]);
    }

    [Fact]
    public async Task ObserveRemoval_OfDesired_WritesItAgain()
    {
        _reconciler.Set(Entries(("a", 1), ("b", 2)));
        await ConvergedAsync();
        _target.TakeLog();
        _target.Edit(kernel => kernel.Remove("a"));
        _reconciler.ObserveRemoval("a");
        await ConvergedAsync();
        Assert.Equal(["+a=1"], _target.TakeLog());
    }

    [Fact]
    public async Task Observe_SameAsDesired_CostsNothing()
    {
        _reconciler.Set(Entries(("a", 1)));
        await ConvergedAsync();
        _target.TakeLog();
        _reconciler.Observe("a", 1);
        _reconciler.ObserveRemoval("never wanted");
        Assert.True(_reconciler.Status.IsConverged);
        Assert.Empty(_target.TakeLog());
    }

    [Fact]
    public async Task Observe_OtherValueOrUnwanted_IsRepaired()
    {
        _reconciler.Set(Entries(("a", 1)));
        await ConvergedAsync();
        _target.TakeLog();
        _target.Edit(kernel => (kernel["a"], kernel["z"]) = (7, 7));
        _reconciler.Observe("a", 7);
        _reconciler.Observe("z", 7);
        await UntilAsync(_ => !_target.Kernel.ContainsKey("z"));
        await ConvergedAsync();
        Assert.Equal(1, Assert.Single(_target.Kernel).Value);
    }

    [Fact]
    public async Task ObserveRemoval_DuringWrite_IsNotForgotten()
    {
        // Somebody removes the entry right after it was written, and the report overtakes the end of the write.
        int calls = 0;
        _target.AfterApply = () =>
        {
            if (++calls > 1) return;
            _target.Edit(kernel => kernel.Remove("a"));
            _reconciler.ObserveRemoval("a");
        };
        _reconciler.Set(Entries(("a", 1)));
        await ConvergedAsync();
        Assert.Equal(1, _target.Kernel["a"]);
    }

    [Fact]
    public async Task ResyncInterval_SilentDamage_IsRepaired()
    {
        _reconciler.Set(Entries(("a", 1), ("b", 2)));
        await ConvergedAsync();
        _target.Edit(kernel =>
        {
            kernel.Remove("a");
            kernel["z"] = 9;
        });
        _target.TakeLog();
        Assert.Equal(TimeSpan.FromSeconds(60), await _time.AdvanceToNextTimerAsync());
        await UntilAsync(status => status is { IsConverged: true, Resyncs: 2 });
        Assert.Equal(["read", "+a=1", "-z"], _target.TakeLog());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task AnySequence_Ends_WithKernelAsDesired(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<string, int>();
        _reconciler.Set([]);
        for (int step = 0; step < 2_000; step++)
        {
            string key = $"k{random.Next(12):x}";
            int value = random.Next(3);
            switch (random.Next(7))
            {
                case 0:
                    model = Enumerable.Range(0, random.Next(10)).ToDictionary(i => $"k{i:x}", i => i % 3);
                    _reconciler.Set(model);
                    break;
                case 1:
                case 2:
                    model[key] = value;
                    _reconciler.Change([], [new(key, value)]);
                    break;
                case 3:
                    model.Remove(key);
                    _reconciler.Change([key], []);
                    break;
                case 4:
                    _target.Edit(kernel => kernel[key] = value);
                    _reconciler.Observe(key, value);
                    break;
                case 5:
                    _target.Edit(kernel => kernel.Remove(key));
                    _reconciler.ObserveRemoval(key);
                    break;
                default:
                    _target.Edit(_ =>
                    {
                        if (!_target.Broken.Remove(key)) _target.Broken.Add(key);
                    });
                    break;
            }

            if (random.Next(20) == 0) _time.Advance(TimeSpan.FromMilliseconds(random.Next(500)));
        }

        _target.Edit(_ => _target.Broken.Clear());
        _reconciler.RequestResync();
        while (!_reconciler.Status.Failures.IsEmpty || !_reconciler.Status.IsConverged)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        Assert.Equal(model.OrderBy(pair => pair.Key), _target.Kernel.OrderBy(pair => pair.Key));
    }

    private static IEnumerable<KeyValuePair<string, int>> Entries(params (string Key, int Value)[] entries) =>
        entries.Select(entry => new KeyValuePair<string, int>(entry.Key, entry.Value));

    private Task ConvergedAsync() => UntilAsync(status => status.IsConverged);

    private async Task UntilAsync(Func<ReconcilerStatus<string>, bool> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        await foreach (ReconcilerStatus<string> status in _reconciler.WatchAsync(limit.Token))
        {
            if (condition(status)) return;
        }
    }
}
