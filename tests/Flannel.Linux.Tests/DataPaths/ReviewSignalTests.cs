using Flannel.Extensibility;
using Flannel.Testing;

namespace Flannel.Linux.Tests.DataPaths;

public sealed class ReviewSignalTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly FakeTimeProvider _time = new();
    private readonly ReviewSignal _review;

    public ReviewSignalTests() => _review = new ReviewSignal(Settling, _time);

    [Fact]
    public async Task Requests_InASwarm_AreOneReviewOnceTheySettled()
    {
        Task due = _review.WaitAsync(Patience, CancellationToken.None);
        _review.Request();
        _review.Request();
        await _time.WaitForTimerAsync(Settling);
        Assert.False(due.IsCompleted);
        _time.Advance(Settling);
        await due.WaitAsync(Deadline);

        // The second may have come after the first was taken; a third review there is not.
        await DrainAsync();
        Task next = _review.WaitAsync(Patience, CancellationToken.None);
        _time.Advance(Patience - TimeSpan.FromTicks(1));
        Assert.False(next.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await next.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Wait_Cancelled_Throws()
    {
        using var cancel = new CancellationTokenSource();
        Task due = _review.WaitAsync(Patience, cancel.Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => due.WaitAsync(Deadline));
    }

    private async Task DrainAsync()
    {
        Task pending = _review.WaitAsync(Patience, CancellationToken.None);
        _time.Advance(Patience);
        await pending.WaitAsync(Deadline);
    }
}
