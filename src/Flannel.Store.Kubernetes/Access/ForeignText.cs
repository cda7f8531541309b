using System.Text.Json;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>Text that others have written, as messages show it: in quotes, short, on one line, without characters that a terminal obeys.</summary>
internal static class ForeignText
{
    private const int MaxLength = 80;

    public static string Show(string text)
    {
        string shown = JsonEncodedText.Encode(text.Length > MaxLength ? Whole(text.AsSpan(0, MaxLength)) : text).Value;
        return $"\"{shown.Replace("\\u0022", "\\\"", StringComparison.Ordinal)}{(text.Length > MaxLength ? "…" : "")}\"";
    }

    // Half a surrogate pair is no text.
    private static string Whole(ReadOnlySpan<char> text) => new(char.IsHighSurrogate(text[^1]) ? text[..^1] : text);
}
