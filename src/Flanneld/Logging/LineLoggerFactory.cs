using Microsoft.Extensions.Logging;

namespace Flanneld.Logging;

/// <summary>Loggers that write lines. The usual console logger starts a thread and reads options, which a process pays for at every start.</summary>
/// <param name="output">Where to write; safe for concurrent use.</param>
/// <param name="time">The clock of the lines.</param>
/// <param name="verbosity">The <c>-v</c> flag.</param>
internal sealed class LineLoggerFactory(TextWriter output, TimeProvider time, long verbosity) : ILoggerFactory
{
    private readonly LogLevel _lowest = verbosity switch
    {
        <= 0 => LogLevel.Information,
        < 5 => LogLevel.Debug,
        _ => LogLevel.Trace,
    };

    public ILogger CreateLogger(string categoryName) => new LineLogger(output, time, _lowest, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("Logs go to standard error only.");

    public void Dispose()
    {
        // The output is not ours.
    }
}
