using Microsoft.Extensions.Logging;

namespace Flannel.Lab.Logging;

/// <summary>Gives everybody the same logger, which is its owner's.</summary>
public sealed class OneLoggerFactory(ILogger logger) : ILoggerFactory
{
    public void AddProvider(ILoggerProvider provider)
    {
    }

    public ILogger CreateLogger(string categoryName) => logger;

    public void Dispose()
    {
    }
}
