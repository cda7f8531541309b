using System.Globalization;
using System.Text;

namespace Flannel.Lab.Fuzzing;

/// <summary>Text that somebody writes to write a log, to turn its lines around, or to fill it; and whether one shows it.</summary>
public static class HostileText
{
    /// <summary>A terminal's order, lines of its own, text from right to left, and letters that nobody sees; 16 KiB of it.</summary>
    public static string Sample { get; } = Repeat("\u001b[2Jx\r\n\u0085warn: \u202eolleh\u2028\u2029\u200b\ufeff\U000e0001\U000e0041\U000e007f");

    /// <summary>Whether a line has no character that a terminal or a reader obeys, and is not longer than given.</summary>
    public static bool IsShown(string line, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(line);
        return line.Length <= maxLength && line.EnumerateRunes().All(static rune => Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator));
    }

    private static string Repeat(string text) => new StringBuilder().Insert(0, text, (16 << 10) / text.Length).ToString();
}
