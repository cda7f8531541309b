using System.Text;

namespace Flanneld.Docker;

/// <summary>
/// The assignments of an environment file, as a shell that sources it would make them: quotes, backslashes, comments, <c>export</c>. Nothing is
/// expanded and nothing is executed.
/// </summary>
internal static class ShellVariables
{
    public static IEnumerable<KeyValuePair<string, string>> Parse(string text)
    {
        foreach (string line in text.Split('\n'))
        {
            string rest = line.Trim();
            if (rest.StartsWith("export ", StringComparison.Ordinal)) rest = rest["export ".Length..].TrimStart();
            int equals = rest.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && IsName(rest.AsSpan(0, equals)))
                yield return new KeyValuePair<string, string>(rest[..equals], Value(rest[(equals + 1)..]));
        }
    }

    /// <summary>Whether a shell takes this for the name of a variable.</summary>
    public static bool IsName(ReadOnlySpan<char> name)
    {
        if (name.IsEmpty || char.IsAsciiDigit(name[0])) return false;
        foreach (char character in name)
        {
            if (!char.IsAsciiLetterOrDigit(character) && character != '_') return false;
        }

        return true;
    }

    // One word: up to the first blank or semicolon outside of quotes.
    private static string Value(string text)
    {
        var value = new StringBuilder();
        char quote = '\0';
        for (int i = 0; i < text.Length; i++)
        {
            char character = text[i];
            if (quote == '\0' && (char.IsWhiteSpace(character) || character == ';')) break;
            if (character == quote) quote = '\0';
            else if (quote == '\0' && character is '"' or '\'') quote = character;
            else if (character == '\\' && quote != '\'' && i + 1 < text.Length) value.Append(text[++i]);
            else value.Append(character);
        }

        return value.ToString();
    }
}
