using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Flanneld.Logging;

/// <summary>
/// Writes an event as one line with flannel's (klog's) header, which log collectors know: <c>I1121 08:15:57.123456 12345 FlannelNode] text</c>.
/// </summary>
internal sealed class LineLogger(TextWriter output, TimeProvider time, LogLevel lowest, string source) : ILogger
{
    private const LogLevel StackTraceLevel = LogLevel.Debug;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= lowest && logLevel != LogLevel.None;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel)) return;
        string text = formatter(state, exception);
        if (exception is not null)
            text += " " + (IsEnabled(StackTraceLevel) ? exception.ToString() : $"{exception.GetType().Name}: {exception.Message}");
        char level = logLevel switch
        {
            >= LogLevel.Critical => 'F',
            LogLevel.Error => 'E',
            LogLevel.Warning => 'W',
            _ => 'I',
        };
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{level}{time.GetLocalNow():MMdd HH:mm:ss.ffffff} {Environment.ProcessId,7} {source}] {LogText.OnOneLine(text).TrimEnd()}"));
    }
}
