using Flannel.Extensibility;
using Flannel.Testing;

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
    public async Task Replace_EmptyKernel_WritesInOrder()
    {
        _reconciler.Replace(Peers(("b", 2), ("a", 1), ("c", 3)));
        await ConvergedAsync();
        Assert.Equal(["read", "+a=1", "+b=2", "+c=3"], _target.TakeLog());
    }

    [Fact]
    public async Task Replace_KernelHasOthers_RemovesThemLastInReverseOrder()
    {
        _target.Edit(kernel => (kernel["x"], kernel["y"], kernel["a"]) = (9, 9, 0));
        _reconciler.Replace(Peers(("a", 1)));
        await ConvergedAsync();
        Assert.Equal(["read", "+a=1", "-y", "-x"], _target.TakeLog());
    }

    [Fact]
    public async Task Replace_SameAsKernel_WritesNothing()
    {
        _target.Edit(kernel => kernel["a"] = 1);
        _reconciler.Replace(Peers(("a", 1)));
        await ConvergedAsync();
        _reconciler.RequestResync();
        await ConvergedAsync();
        Assert.Equal(["read", "read"], _target.TakeLog());
        Assert.Equal(0, _reconciler.Status.Writes);
    }

    [Fact]
    public async Task Change_BeforeFirstReplace_TouchesNothing()
    {
        _target.Edit(kernel => kernel["a"] = 1);
        _reconciler.Change([], Peers(("b", 2)));
        _reconciler.RequestResync();
        _time.Advance(TimeSpan.FromHours(1));
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
        await ConvergedAsync();
        Assert.Equal(["read", "+b=2"], _target.TakeLog());
    }

    [Fact]
    public async Task Change_UpsertAndRemoval_AppliesOnlyThem()
    {
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
        await ConvergedAsync();
        _target.TakeLog();
        _reconciler.Change([KeyOf("a")], Peers(("c", 3)));
        await ConvergedAsync();
        Assert.Equal(["+c=3", "-a"], _target.TakeLog());
    }

    [Fact]
    public async Task Apply_OneFails_OthersAreWrittenAndItIsRetriedAlone()
    {
        _target.Broken.Add("b");
        _reconciler.Replace(Peers(("a", 1), ("b", 2), ("c", 3)));
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
        _reconciler.Replace(Peers(("a", 1)));
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("a"));
        _target.Broken.Clear();
        _reconciler.Change([], Peers(("a", 2)));
        await UntilAsync(status => status.IsConverged && status.Failures.IsEmpty);
        Assert.Equal(2, _target.Kernel["a"]);
    }

    [Fact]
    public async Task Resync_WhileEntryIsHeldBack_TriesItAtOnce()
    {
        _target.Broken.Add("a");
        _reconciler.Replace(Peers(("a", 1)));
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
        _reconciler.Replace(Peers(("a", 1)));
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
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
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
        _reconciler.Replace(Peers(("a", 1)));
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
        _reconciler.Replace(Peers(("a", 1)));
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
        _reconciler.Replace(Peers(("a", 1)));
        await ConvergedAsync();
        Assert.Equal(1, _target.Kernel["a"]);
    }

    [Fact]
    public async Task ResyncInterval_SilentDamage_IsRepaired()
    {
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
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
        _reconciler.Replace([]);
        for (int step = 0; step < 2_000; step++)
        {
            string key = $"k{random.Next(12):x}";
            int value = random.Next(3);
            switch (random.Next(7))
            {
                case 0:
                    model = Enumerable.Range(0, random.Next(10)).ToDictionary(i => $"k{i:x}", i => i % 3);
                    _reconciler.Replace(PeersOf(model));
                    break;
                case 1:
                case 2:
                    model[key] = value;
                    _reconciler.Change([], Peers((key, value)));
                    break;
                case 3:
                    model.Remove(key);
                    _reconciler.Change([KeyOf(key)], []);
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

    [Fact]
    public async Task Failures_AndContestedKeys_AreToldByPeer()
    {
        _target.Broken.Add("b");
        _reconciler.Replace(
        [
            new PeerEntries<string, int>(Peer(1), 1, [new("a", 1), new("b", 2)]),
            new PeerEntries<string, int>(Peer(2), 2, [new("a", 9), new("c", 3)]),
            new PeerEntries<string, int>(Peer(3), 3, [new("d", 4)]),
        ]);
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("b"));

        Assert.Equal(2, _reconciler.Status.PeerProblems.Count);
        Assert.Equal("b: b is broken", _reconciler.Status.PeerProblems[Peer(1)]);
        Assert.Equal("a belongs to 10.5.1.0-24, whose lease is older", _reconciler.Status.PeerProblems[Peer(2)]);
        Assert.Equal(["a", "d"], _target.Kernel.Keys.Order());

        _target.Broken.Clear();
        _reconciler.Change([Peer(1)], []);
        await UntilAsync(status => status.IsConverged && status.PeerProblems.IsEmpty);
        Assert.Equal("a=9 c=3 d=4", string.Join(' ', _target.Kernel.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Fact]
    public async Task KeyThatTwoPeersWantAlike_IsContestedByNobody()
    {
        _reconciler.Replace(
            [
                new PeerEntries<string, int>(Peer(1), 1, [new("a", 1), new("b", 2)]),
                new PeerEntries<string, int>(Peer(2), 2, [new("a", 1), new("c", 3)]),
            ]);
        await UntilAsync(status => status.IsConverged);
        Assert.True(_reconciler.Status.PeerProblems.IsEmpty);
        Assert.Equal(["a", "b", "c"], _target.Kernel.Keys.Order());

        _reconciler.Change([Peer(1)], []);
        await UntilAsync(status => status.IsConverged && _target.Kernel.Count == 2);
        Assert.Equal("a=1 c=3", string.Join(' ', _target.Kernel.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}")));
    }

    [Fact]
    public async Task ObserveRemoval_OfWhatStoodInTheWay_TriesTheFailedEntryAtOnce()
    {
        _target.Broken.Add("a");
        _reconciler.Replace(Peers(("a", 1)));
        await UntilAsync(status => status.IsConverged && status.Failures.ContainsKey("a"));
        _target.Broken.Clear();
        _reconciler.ObserveRemoval("a");
        await UntilAsync(status => status.IsConverged && status.Failures.IsEmpty);
        Assert.Equal(1, _target.Kernel["a"]);
    }

    [Fact]
    public async Task Change_SameEntries_CostsNothing()
    {
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
        await ConvergedAsync();
        _target.TakeLog();
        Assert.Equal(0, _reconciler.Change([], Peers(("a", 1))));
        _reconciler.Replace(Peers(("a", 1), ("b", 2)));
        Assert.True(_reconciler.Status.IsConverged);
        Assert.Equal(1, _reconciler.Change([], Peers(("a", 1), ("b", 3))));
        await ConvergedAsync();
        Assert.Equal(["+b=3"], _target.TakeLog());
    }

    // Each entry is a peer of its own here, whose subnet is made from the entry's key.
    private static PeerEntries<string, int>[] Peers(params (string Key, int Value)[] entries) =>
        [.. entries.Select(entry => new PeerEntries<string, int>(KeyOf(entry.Key), 0, [new(entry.Key, entry.Value)]))];

    private static PeerEntries<string, int>[] PeersOf(Dictionary<string, int> entries) => Peers([.. entries.Select(pair => (pair.Key, pair.Value))]);

    private static SubnetKey KeyOf(string key) => Peer(key.Sum(static letter => letter) % 256);

    private static SubnetKey Peer(int number) => SubnetKey.Parse($"10.5.{number}.0-24");

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
