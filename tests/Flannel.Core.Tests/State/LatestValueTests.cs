using Flannel.Extensibility;

namespace Flannel.Core.Tests.State;

public class LatestValueTests
{
    [Fact]
    public async Task Watch_ValuesPublishedWhileReaderIsBusy_SeesCurrentThenLast()
    {
        var cell = new LatestValue<int>(1);
        await using IAsyncEnumerator<int> reader = cell.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(1, reader.Current);
        cell.Publish(2);
        cell.Publish(3);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(3, reader.Current);
    }

    [Fact]
    public async Task Watch_EqualValue_WakesNobody()
    {
        var cell = new LatestValue<string>("a");
        await using IAsyncEnumerator<string> reader = cell.WatchAsync(CancellationToken.None).GetAsyncEnumerator();
        await reader.MoveNextAsync();
        ValueTask<bool> next = reader.MoveNextAsync();
        cell.Publish(new string('a', 1));
        Assert.False(next.IsCompleted);
        cell.Publish("b");
        Assert.True(await next);
        Assert.Equal("b", reader.Current);
    }

    [Fact]
    public async Task Complete_WhileWatched_EndsAfterLastValueAndIgnoresLater()
    {
        var cell = new LatestValue<int>(1);
        var seen = new List<int>();
        Task reading = Task.Run(async () =>
        {
            await foreach (int value in cell.WatchAsync(CancellationToken.None)) seen.Add(value);
        });
        cell.Publish(2);
        cell.Complete();
        cell.Publish(3);
        await reading.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(2, seen[^1]);
        Assert.Equal(2, cell.Value);
    }

    [Fact]
    public async Task Watch_Cancelled_Throws()
    {
        var cell = new LatestValue<int>(1);
        using var cancel = new CancellationTokenSource();
        await using IAsyncEnumerator<int> reader = cell.WatchAsync(cancel.Token).GetAsyncEnumerator();
        await reader.MoveNextAsync();
        ValueTask<bool> next = reader.MoveNextAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }
}
