using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Flannel.Core.Json;

/// <summary>
/// Says where a text stops being JSON and, for the mistakes that people make, why. Flannel.Cni, which references no other package, compiles it as
/// well.
/// </summary>
internal static class JsonTrouble
{
    /// <summary>What to say of UTF-16.</summary>
    public const string Utf16 = "it is UTF-16; save it as UTF-8";

    private const int Around = 24;

    /// <summary>Describes what is wrong.</summary>
    /// <param name="utf8">The text, which is UTF-8.</param>
    /// <param name="error">What the reader said of it.</param>
    public static string Describe(ReadOnlySpan<byte> utf8, JsonException error)
    {
        if (IsUtf16(utf8)) return Utf16;
        if (utf8.StartsWith(Encoding.UTF8.Preamble))
            return "it begins with a byte order mark, which an editor put there; save it as UTF-8 without one";
        string text = Encoding.UTF8.GetString(utf8);
        if (string.IsNullOrWhiteSpace(text)) return "it is empty";
        if (error.LineNumber is null) return error.Message; // of its content, such as a key that is there twice

        int line = (int)(error.LineNumber ?? 0);
        int start = StartOf(utf8, line);
        int offset = Math.Clamp(start + (int)(error.BytePositionInLine ?? 0), start, utf8.Length);
        int column = Encoding.UTF8.GetCharCount(utf8[start..offset]);
        int at = Encoding.UTF8.GetCharCount(utf8[..offset]);
        string cause = CauseOf(text, ref at, ref column);
        return $"it is not JSON at line {line + 1}, column {column + 1}{cause}, near " +
            Quote(text[Math.Max(0, at - Around)..Math.Min(text.Length, at + Around)]);
    }

    /// <summary>
    /// Whether a text is UTF-16, as some editors save it. Without a byte order mark it may be valid UTF-8, and every other byte is zero where it is
    /// ASCII.
    /// </summary>
    public static bool IsUtf16(ReadOnlySpan<byte> text) => text is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, not 0, ..] or [not 0, 0, ..];

    // Readers stop at the first byte that cannot be, or behind it.
    private static string CauseOf(string text, ref int at, ref int column)
    {
        if (at >= text.TrimEnd().Length) return ": it ends too early, a brace or a quote is missing";
        if (Explain(text, at) is { } here) return here;
        if (at > 0 && Explain(text, at - 1) is { } before)
        {
            at--;
            column--;
            return before;
        }

        return "";
    }

    private static string? Explain(string text, int at)
    {
        char last = LastBefore(text, at);
        return text[at] switch
        {
            '\u201c' or '\u201d' or '\u201e' or '\u2018' or '\u2019' or '\u00ab' or '\u00bb' => $": {text[at]} is a typographic quote; write a " +
                "plain \"",
            '\'' => ": JSON has no single quotes; write a plain \"",
            '\\' => ": there is a backslash that does not belong there, such as one that kept a shell from taking a quote",
            '/' or '#' => ": JSON has no comments",
            '}' or ']' when last == ',' => $": there is a comma before {text[at]}",
            '"' or '{' or '[' when last is '"' or '}' or ']' || char.IsAsciiLetterOrDigit(last) => ": a comma is missing",
            '{' or '[' or '"' when last == '\0' => null,
            '=' => ": a colon stands between a key and its value",
            '\u00a0' or '\u200b' or '\ufeff' => ": there is an invisible character",
            _ => null,
        };
    }

    private static char LastBefore(string text, int at)
    {
        for (int i = at - 1; i >= 0; i--)
        {
            if (!char.IsWhiteSpace(text[i])) return text[i];
        }

        return '\0';
    }

    // What stands there may be anybody's, and must not turn the message around.
    private static string Quote(string found)
    {
        var text = new StringBuilder("\"");
        foreach (char c in found)
        {
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (c == '\n') text.Append("\\n");
            else if (IsObeyed(char.GetUnicodeCategory(c)))
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else text.Append(c);
        }

        return text.Append('"').ToString();
    }

    private static bool IsObeyed(UnicodeCategory category) => category is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    private static int StartOf(ReadOnlySpan<byte> utf8, int line)
    {
        int start = 0;
        for (; line > 0; line--)
        {
            int end = utf8[start..].IndexOf((byte)'\n');
            if (end < 0) break;
            start += end + 1;
        }

        return start;
    }
}
