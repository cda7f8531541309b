using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Flannel.Extensibility;

namespace Flannel.Core.Json;

/// <summary>
/// JSON text as Go's encoding/json writes it. flannel compares documents as strings, so members that pass through us must come out byte for byte
/// as flannel would write them; System.Text.Json escapes other characters and cannot be told not to.
/// </summary>
internal static class GoJson
{
    private const int ExcerptLength = 80;
    private static readonly SearchValues<char> ChangedByCompaction = SearchValues.Create(" \t\r\n<>&\u2028\u2029");

    /// <summary>
    /// Takes the insignificant white space out of valid JSON and escapes <c>&lt;</c>, <c>&gt;</c>, <c>&amp;</c>, U+2028 and U+2029.
    /// </summary>
    /// <param name="json">Valid JSON; these characters then occur in strings only.</param>
    public static string Compact(string json)
    {
        if (!json.AsSpan().ContainsAny(ChangedByCompaction))
        {
            return json;
        }

        var text = new StringBuilder(json.Length);
        bool inString = false;
        for (int i = 0; i < json.Length; i++)
        {
            char c = json[i];
            if (inString && c == '\\')
            {
                text.Append(c).Append(json[++i]);
            }
            else if (NeedsEscape(c))
            {
                AppendEscape(text, c);
            }
            else if (inString || c is not (' ' or '\t' or '\r' or '\n'))
            {
                text.Append(c);
                inString ^= c == '"';
            }
        }

        return text.ToString();
    }

    /// <summary>Checks that a text is one JSON value and compacts it.</summary>
    /// <returns>The compact text, or <see langword="null"/> if <paramref name="text"/> is not JSON or is nested too deeply.</returns>
    public static string? TryCompact(string text, int maxDepth)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = maxDepth });
            return Compact(text);
        }
        catch (JsonException)
        {
            return null;
        }
        catch (ArgumentException)
        {
            // The text holds half a surrogate pair, which has no UTF-8 form.
            return null;
        }
    }

    /// <summary>Appends a string with its quotes.</summary>
    public static void AppendString(StringBuilder text, string value)
    {
        text.Append('"');
        foreach (char c in value)
        {
            switch (c)
            {
                case '"' or '\\':
                    text.Append('\\').Append(c);
                    break;
                case '\b':
                    text.Append("\\b");
                    break;
                case '\f':
                    text.Append("\\f");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '\r':
                    text.Append("\\r");
                    break;
                case '\t':
                    text.Append("\\t");
                    break;
                case < ' ':
                    AppendEscape(text, c);
                    break;
                default:
                    if (NeedsEscape(c))
                    {
                        AppendEscape(text, c);
                    }
                    else
                    {
                        text.Append(c);
                    }

                    break;
            }
        }

        text.Append('"');
    }

    /// <summary>The string that an element holds, or <see langword="null"/> if it is no string or holds half a surrogate pair.</summary>
    public static string? StringOf(JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>A member's name, or the empty string if it holds half a surrogate pair.</summary>
    public static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    /// <summary>
    /// Which of some names a member has, whatever its case; <see langword="null"/> if none, or if it holds half a surrogate pair. A name in its usual
    /// spelling makes no text.
    /// </summary>
    public static string? FindName(JsonProperty property, ReadOnlySpan<string> names)
    {
        try
        {
            foreach (string name in names)
            {
                if (property.NameEquals(name))
                {
                    return name;
                }
            }

            string found = property.Name;
            foreach (string name in names)
            {
                if (name.Equals(found, StringComparison.OrdinalIgnoreCase))
                {
                    return name;
                }
            }
        }
        catch (InvalidOperationException)
        {
            // half a surrogate pair
        }

        return null;
    }

    /// <summary>A value found, short and on one line, for a message.</summary>
    public static string Excerpt(JsonElement element) => VisibleText.Of(Compact(element.GetRawText()), ExcerptLength);

    /// <summary>A foreign string found, quoted, short and on one line, for a message.</summary>
    public static string Excerpt(string value)
    {
        var text = new StringBuilder();
        AppendString(text, value.Length > ExcerptLength ? value[..ExcerptLength] : value);
        return VisibleText.Of(text.ToString(), ExcerptLength);
    }

    private static bool NeedsEscape(char c) => c is '<' or '>' or '&' or '\u2028' or '\u2029';

    private static void AppendEscape(StringBuilder text, char c) => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
}
