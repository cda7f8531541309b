using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Flannel.Store.Etcd.Tests.Lab;

/// <summary>Keeps every message, of every level.</summary>
internal sealed class ListLogger : ILogger<EtcdLeaseStore>
{
    public ConcurrentQueue<string> Messages { get; } = new();

    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Messages.Enqueue($"{formatter(state, exception)} {exception}");
}
