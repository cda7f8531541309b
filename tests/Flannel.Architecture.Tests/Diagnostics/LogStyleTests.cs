using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Diagnostics;

/// <summary>Whoever knows how one class logs knows it of all.</summary>
public sealed partial class LogStyleTests
{
    // The executable's own words: its Program is a file of statements, which a class cannot be nested in.
    private const string OfTheProgram = "src/Flanneld/Log.cs";

    // What ends a message and brings its own full stop, because it is a sentence of its own.
    private static readonly string[] Sentences = ["{Reason}", "{Problem}", "{State}"];

    private static IEnumerable<string> LogFiles =>
        SourceTree.Files("*.cs", "src").Where(file => File.ReadAllText(file).Contains("[LoggerMessage(", StringComparison.Ordinal));

    [Fact]
    public void Messages_AreMethodsOfANestedClassLog() => Assert.All(LogFiles.Where(file => SourceTree.Relative(file) != OfTheProgram), file =>
    {
        Assert.EndsWith(".Log.cs", file, StringComparison.Ordinal);
        Assert.Single(NestedLog().Matches(File.ReadAllText(file)));
        Assert.Empty(OtherMethod().Matches(File.ReadAllText(file)).Select(match => match.Value));
    });

    [Fact]
    public void Messages_TakeTheLoggerFirst() => Assert.All(LogFiles, file =>
    {
        string text = File.ReadAllText(file);
        Assert.Equal(Message().Count(text), MethodWithLogger().Count(text));
    });

    [Fact]
    public void Messages_EndWithAFullStop() => Assert.All(LogFiles, file => Assert.All(
        Message().Matches(File.ReadAllText(file)),
        match => Assert.True(
            match.Groups[1].Value is var text && (text.EndsWith('.') || Sentences.Any(text.EndsWith)),
            $"{SourceTree.Relative(file)}: end '{text}' with a full stop")));

    [GeneratedRegex(@"^    (?:private|internal) static partial class Log$", RegexOptions.Multiline)]
    private static partial Regex NestedLog();

    // Methods of the class itself, at the indentation of its members.
    [GeneratedRegex(@"^    [a-z].*\(.*$", RegexOptions.Multiline)]
    private static partial Regex OtherMethod();

    // The last piece of the text is what it ends with.
    [GeneratedRegex(@"\[LoggerMessage\([^\]]*?""((?:[^""\\]|\\.)*)""\)\]")]
    private static partial Regex Message();

    [GeneratedRegex(@"(?:public|private) static partial void \w+\(\s*ILogger logger[,)]")]
    private static partial Regex MethodWithLogger();
}
