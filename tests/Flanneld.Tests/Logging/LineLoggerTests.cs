using Flanneld.Logging;
using Microsoft.Extensions.Logging;

namespace Flanneld.Tests.Logging;

public sealed class LineLoggerTests
{
    private readonly StringWriter _output = new();

    [Fact]
    public void Event_IsOneLineWithFlannelsHeader()
    {
        Logger(verbosity: 0).LogWarning("a peer wrote:\r\n\u001b[31mred\nend");

        Assert.Matches(@"^W\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ FlannelNode\] a peer wrote: \|  \[31mred \| end\n$", _output.ToString());
    }

    [Theory]
    [InlineData(LogLevel.Information, 'I')]
    [InlineData(LogLevel.Warning, 'W')]
    [InlineData(LogLevel.Error, 'E')]
    [InlineData(LogLevel.Critical, 'F')]
    public void Level_IsTheFirstLetter(LogLevel level, char letter)
    {
        Logger(verbosity: 0).Log(level, "text");

        Assert.Equal(letter, _output.ToString()[0]);
    }

    [Theory]
    [InlineData(-1, LogLevel.Information)]
    [InlineData(0, LogLevel.Information)]
    [InlineData(1, LogLevel.Debug)]
    [InlineData(4, LogLevel.Debug)]
    [InlineData(5, LogLevel.Trace)]
    [InlineData(99, LogLevel.Trace)]
    public void Verbosity_SaysWhatIsLogged(long verbosity, LogLevel lowest)
    {
        ILogger logger = Logger(verbosity);

        Assert.True(logger.IsEnabled(lowest));
        Assert.False(logger.IsEnabled(lowest - 1));
        Assert.False(logger.IsEnabled(LogLevel.None));
    }

    [Fact]
    public void Exception_IsOnTheSameLine()
    {
        Logger(verbosity: 0).LogError(new InvalidOperationException("no\nway"), "It failed.");

        Assert.EndsWith("] It failed. InvalidOperationException: no | way\n", _output.ToString(), StringComparison.Ordinal);
    }

    private ILogger Logger(long verbosity) => new LineLoggerFactory(_output, TimeProvider.System, verbosity).CreateLogger("FlannelNode");
}
