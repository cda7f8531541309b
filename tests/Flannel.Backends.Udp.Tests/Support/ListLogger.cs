using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>Remembers what was logged.</summary>
internal sealed class ListLogger<T> : ILogger<T>
{
    private readonly ConcurrentQueue<(int Id, string Text)> _entries = new();

    public IEnumerable<string> Texts => _entries.Select(static entry => entry.Text);

    public int CountOf(int eventId) => _entries.Count(entry => entry.Id == eventId);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _entries.Enqueue((eventId.Id, formatter(state, exception)));
}
