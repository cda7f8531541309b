using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Flannel.Lab.Logging;

/// <summary>Keeps what is logged, whatever its level.</summary>
public sealed class RecordingLogger<T> : ILogger<T>
{
    private static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    /// <summary>The lines so far, oldest first.</summary>
    public IReadOnlyList<(LogLevel Level, string Text)> Lines => [.. _lines];

    /// <summary>Waits for the first line and for a condition on the lines.</summary>
    /// <exception cref="OperationCanceledException">It was not met within 30 s.</exception>
    public async Task UntilAsync(Func<bool> condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        using var limit = new CancellationTokenSource(WaitLimit);
        while (_lines.IsEmpty || !condition()) await Task.Delay(5, limit.Token);
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        ArgumentNullException.ThrowIfNull(formatter);
        _lines.Enqueue((logLevel, formatter(state, exception)));
    }
}
