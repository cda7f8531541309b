namespace Flannel.Integration.Tests.Overlay;

/// <summary>Waits for what the kernel will look like; it tells nobody, so it has to be asked.</summary>
internal static class Eventually
{
    public static Task IsTrueAsync(Func<bool> condition, string what) => IsTrueAsync(() => Task.FromResult(condition()), what);

    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(OverlayCluster.Limit);
        while (!await condition())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"It did not happen: {what}.");
            await Task.Delay(5, CancellationToken.None);
        }
    }
}
