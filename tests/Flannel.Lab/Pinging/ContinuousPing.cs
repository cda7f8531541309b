using System.Net;
using Flannel.Extensibility;

namespace Flannel.Lab.Pinging;

/// <summary>Pings without pause while a test does something, to show that nothing, or how much, was lost meanwhile.</summary>
public sealed class ContinuousPing : IAsyncDisposable
{
    private readonly Pinger _pinger;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;

    private ContinuousPing(Pinger pinger)
    {
        _pinger = pinger;
        _sending = Task.Run(() => pinger.SendAsync(int.MaxValue, _stop.Token));
    }

    /// <summary>Starts pinging 100 times a second, or as the options say.</summary>
    /// <param name="from">Where to ping from.</param>
    /// <param name="to">Whom to ping.</param>
    /// <param name="options">How; <see cref="PingOptions.Count"/> does not apply.</param>
    public static ContinuousPing Start(NetworkNamespace from, IPAddress to, PingOptions? options = null) =>
        new(Pinger.Open(from, to, options ?? new PingOptions()));

    /// <summary>What became of the requests so far; those still on the way count as lost.</summary>
    public PingReport Report() => _pinger.Report();

    /// <summary>Waits until so many more requests have been answered: the path works and went on working for that long.</summary>
    /// <param name="answers">How many.</param>
    /// <param name="deadline">How long at most; 20 s if not given.</param>
    /// <exception cref="TimeoutException">They were not.</exception>
    public async Task WaitForAnswersAsync(int answers, TimeSpan? deadline = null)
    {
        int goal = Report().Received + answers;
        using var timeout = new CancellationTokenSource(deadline ?? TimeSpan.FromSeconds(20));
        try
        {
            while (Report().Received < goal)
                await Task.Delay(10, timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{answers} more answers were expected: {Report()}");
        }
    }

    /// <summary>Stops sending, waits for the last answers and reports.</summary>
    public async Task<PingReport> StopAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        return await _pinger.FinishAsync();
    }

    /// <summary>Stops and closes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        await _pinger.DisposeAsync();
        _stop.Dispose();
    }
}
