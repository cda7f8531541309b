using System.Globalization;
using System.Text;

namespace Flannel.Extensibility;

/// <summary>
/// Text that others have written (a store, a server, a program), as logs and messages show it: whoever writes a lease must not write the log, or turn
/// its lines around. Every <see cref="FlannelException"/> has its message shown so.
/// </summary>
public static class VisibleText
{
    /// <summary>
    /// Writes characters that a terminal or a reader obeys instead of showing them (controls, formatting such as the bidirectional, line and
    /// paragraph separators) as <c>\u202e</c>.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <returns>The same text if it has no such characters.</returns>
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Any(IsObeyed)) return text;
        var visible = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            if (IsObeyed(c)) visible.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else visible.Append(c);
        }

        return visible.ToString();
    }

    private static bool IsObeyed(char c) => !char.IsAscii(c)
        ? char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        : char.IsControl(c);
}
