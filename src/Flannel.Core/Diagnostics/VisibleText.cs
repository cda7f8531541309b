using System.Buffers;
using System.Globalization;
using System.Text;
using Flannel.Core.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>
/// Text that others have written (a store, a server, a program), as logs and messages show it: whoever writes a lease must not write the log, turn
/// its lines around or fill it. Every <see cref="FlannelException"/> has its message shown so.
/// </summary>
public static class VisibleText
{
    // Long enough for a message that lists much, short enough for a log.
    internal const int MaxMessage = 8 * 1024;

    /// <summary>
    /// Writes characters that a terminal or a reader obeys instead of showing them (controls, formatting such as the bidirectional, line and
    /// paragraph separators, tags) as <c>\u202e</c> or <c>\U000e0041</c>, and half a surrogate pair likewise.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <returns>The same text if it has no such characters.</returns>
    public static string Of(string text) => Of(text, int.MaxValue);

    /// <summary>Writes text as <see cref="Of(string)"/> does, and of a long one the beginning and <c>…</c>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="maxLength">How long the result may be, the <c>…</c> excepted.</param>
    /// <returns>The same text if there is nothing to write in another way.</returns>
    public static string Of(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegative(maxLength);
        if (text.Length <= maxLength && IsShown(text)) return text;
        var visible = new StringBuilder(Math.Min(text.Length, maxLength) + 16);
        Span<char> piece = stackalloc char[10];
        for (int at = 0; at < text.Length;)
        {
            bool isRune = Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length) == OperationStatus.Done;
            int code = isRune ? rune.Value : text[at];
            int written;
            if (isRune && !IsObeyed(rune)) written = rune.EncodeToUtf16(piece);
            else if (code <= char.MaxValue) piece.TryWrite(CultureInfo.InvariantCulture, $"\\u{code:x4}", out written);
            else piece.TryWrite(CultureInfo.InvariantCulture, $"\\U{code:x8}", out written);
            if (visible.Length + written > maxLength)
            {
                visible.Append('…');
                break;
            }

            visible.Append(piece[..written]);
            at += length;
        }

        return visible.ToString();
    }

    /// <summary>An error as a log may have it: its message, and those of its causes, may quote what others have written.</summary>
    /// <param name="error">The error.</param>
    /// <returns>The same error, or one that stands for it if a message has characters that are obeyed, or is longer than any sensible one.</returns>
    public static Exception Of(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return VisibleException.IsVisible(error) ? error : new VisibleException(error);
    }

    private static bool IsShown(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(at), out Rune rune, out int length) != OperationStatus.Done || IsObeyed(rune)) return false;
            at += length;
        }

        return true;
    }

    private static bool IsObeyed(Rune rune) => rune.IsAscii
        ? Rune.IsControl(rune)
        : Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
            or UnicodeCategory.ParagraphSeparator;
}
