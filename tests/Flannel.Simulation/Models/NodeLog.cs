using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Simulation.Models;

/// <summary>
/// What a node logs: kept for nobody, written down in a replay, and a fault of the product where it says that something unexpected happened.
/// </summary>
internal sealed class NodeLog(NodeLife life, Action<string>? write) : ILoggerFactory, ILogger
{
    private static readonly int[] Unexpected =
    [
        FlannelEventIds.NodeCrashed,
        FlannelEventIds.NodeUnexpectedError,
        FlannelEventIds.NodeLoopAbandoned,
        FlannelEventIds.StoreUnexpectedError,
    ];

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => write is not null || logLevel >= LogLevel.Error;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (life.Process.IsDead) return;
        string text = formatter(state, exception);
        write?.Invoke($"{life.Name} says: {text}");
        if (Unexpected.Contains(eventId.Id)) life.Report($"{text} {exception}");
    }

    public void Dispose()
    {
    }
}
