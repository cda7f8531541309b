using System.Text;
using System.Text.Json;

namespace Flannel.Core.Json;

/// <summary>Says where a text stops being JSON and, for the mistakes that people make, why.</summary>
internal static class JsonTrouble
{
    private const int Around = 24;

    /// <summary>Describes what is wrong.</summary>
    /// <param name="utf8">The text, which is UTF-8.</param>
    /// <param name="error">What the reader said of it.</param>
    public static string Describe(ReadOnlySpan<byte> utf8, JsonException error)
    {
        if (utf8.StartsWith(Encoding.UTF8.Preamble))
            return "it begins with a byte order mark, which an editor put there; save it as UTF-8 without one";
        string text = Encoding.UTF8.GetString(utf8);
        if (string.IsNullOrWhiteSpace(text)) return "it is empty";

        int line = (int)(error.LineNumber ?? 0);
        int start = StartOf(utf8, line);
        int offset = Math.Clamp(start + (int)(error.BytePositionInLine ?? 0), start, utf8.Length);
        int column = Encoding.UTF8.GetCharCount(utf8[start..offset]);
        int at = Encoding.UTF8.GetCharCount(utf8[..offset]);
        string cause = CauseOf(text, ref at, ref column);
        return $"it is not JSON at line {line + 1}, column {column + 1}{cause}, near " +
            $"{GoJson.Excerpt(text[Math.Max(0, at - Around)..Math.Min(text.Length, at + Around)])}";
    }

    /// <summary>Whether a text that is no UTF-8 is UTF-16, as some editors save it.</summary>
    public static bool IsUtf16(ReadOnlySpan<byte> text) => text.StartsWith<byte>([0xFF, 0xFE]) || text.StartsWith<byte>([0xFE, 0xFF]);

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
