using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Cni.Json;

namespace Flannel.Cni.Plugins;

/// <summary>One call of a plugin: where its file is, what it is told, what its end means.</summary>
/// <param name="Type">The plugin.</param>
/// <param name="Command">The command.</param>
internal sealed record PluginCall(string Type, string Command)
{
    private const int LongestQuote = 200;
    private const int LongestMessage = 2000; // of what a plugin says itself

    /// <summary>The file of the plugin: the first in the folders of <c>CNI_PATH</c>.</summary>
    public string Find(IReadOnlyList<string> folders)
    {
        if (!CniNames.IsPluginType(Type))
            throw Fail(CniPluginFailure.NotFound, CniErrorCode.InvalidConfiguration, $"'{Type}' is no name of a plugin: it has no '/'.");
        return folders.Select(folder => Path.Combine(folder, Type)).FirstOrDefault(File.Exists)
            ?? throw Fail(
                CniPluginFailure.NotFound,
                CniErrorCode.InvalidConfiguration,
                $"there is no such file in {string.Join(':', folders)}; install it there.");
    }

    public CniException NotStarted(CniException exception) =>
        exception is CniPluginException ? exception : Fail(CniPluginFailure.NotStarted, exception.Code, exception.Message, inner: exception);

    /// <summary>The output of a plugin that succeeded; else an exception that says what is known.</summary>
    public ReadOnlyMemory<byte> OutputOf(CniProcessResult result, TimeSpan? limit)
    {
        switch (result.Ending)
        {
            case CniProcessEnding.TimedOut:
                string allowed = limit is { } time ? $" within {time.TotalSeconds:0.###} s" : " in time";
                throw Fail(CniPluginFailure.TimedOut, CniErrorCode.IoFailure, $"it did not end{allowed} and was killed.{Said(result)}", result);
            case CniProcessEnding.OutputTooLong:
                throw Fail(
                    CniPluginFailure.OutputTooLong,
                    CniErrorCode.DecodingFailure,
                    $"it wrote more than any result has and was killed.{Said(result)}",
                    result);
            case CniProcessEnding.Signalled:
                throw Fail(CniPluginFailure.Signalled, CniErrorCode.IoFailure, $"signal {result.Code} ended it.{Said(result)}", result);
        }

        if (result.Ending == CniProcessEnding.Unknown) return Reported(result) is { } report ? throw report : result.Output;
        return result.Code == 0 ? result.Output : throw ReportOf(result);
    }

    public CniResult ReadResult(ReadOnlyMemory<byte> output, string version, string errors)
    {
        try
        {
            if (output.Span.Trim(" \t\r\n"u8).IsEmpty) throw new CniException(CniErrorCode.DecodingFailure, "The result is empty.");
            JsonObject json = JsonText.ParseObject(output.Span, "The result");
            // Plugins that leave it out mean the configuration's, as libcni takes it.
            if (json["cniVersion"] is null) json["cniVersion"] = version;
            return CniResult.Read(json);
        }
        catch (CniException exception)
        {
            throw Fail(
                CniPluginFailure.BadOutput,
                exception.Code,
                $"it succeeded, but {Quote(output)} is no result: {exception.Message}",
                null,
                errors,
                exception);
        }
    }

    private CniPluginException ReportOf(CniProcessResult result)
    {
        if (Reported(result) is { } report) return report;
        string said = result.Output.IsEmpty ? "no word on its standard output" : Quote(result.Output);
        return Fail(CniPluginFailure.Silent, CniErrorCode.Internal, $"it ended with {result.Code} and {said}.{Said(result)}", result);
    }

    /// <summary>The error that it wrote, if it wrote one.</summary>
    private CniPluginException? Reported(CniProcessResult result)
    {
        try
        {
            var report = new JsonMembers(JsonText.ParseObject(result.Output.Span, "The error"), "", CniErrorCode.DecodingFailure);
            string message = Shorten(report.Text("msg") ?? "", LongestMessage);
            string? details = report.Text("details") is { Length: > 0 } given ? given : null;
            int code = report.Number("code") ?? 0;
            if (message.Length > 0 || code != 0) return Fail(CniPluginFailure.Reported, (CniErrorCode)code, message, result, details: details);
        }
        catch (CniException)
        {
            // It said something else.
        }

        return null;
    }

    private CniPluginException Fail(
        CniPluginFailure failure, CniErrorCode code, string message, CniProcessResult? result = null, string? errors = null, Exception? inner = null,
        string? details = null) =>
        new(Type, Command, failure, code, message, details, errors ?? result?.ErrorText ?? "", inner);

    private static string Said(CniProcessResult result) => result.ErrorText is { Length: > 0 } said ? $" Its standard error: {Shorten(said)}" : "";

    private static string Quote(ReadOnlyMemory<byte> output) =>
        $"'{Shorten(Encoding.UTF8.GetString(output.Span[..Math.Min(output.Length, LongestQuote * 4)]).Trim())}'";

    // Text of others goes into messages on one line, without characters that terminals and viewers of logs obey.
    private static string Shorten(string text, int longest = LongestQuote)
    {
        var line = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (line.Length >= longest) return line.Append('…').ToString();
            bool isObeyed = Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            line.Append(isObeyed ? " " : rune.ToString());
        }

        return line.ToString();
    }
}
