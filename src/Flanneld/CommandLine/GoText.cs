using System.Globalization;
using System.Numerics;

namespace Flanneld.CommandLine;

/// <summary>Values as Go's <c>flag</c> package reads them, because that is how units and scripts of flannel's users spell them.</summary>
internal static class GoText
{
    /// <summary>Reads <c>strconv.ParseBool</c>'s spellings.</summary>
    public static bool TryParseSwitch(string text, out bool value)
    {
        value = text is "1" or "t" or "T" or "true" or "TRUE" or "True";
        return value || text is "0" or "f" or "F" or "false" or "FALSE" or "False";
    }

    /// <summary>
    /// Reads <c>strconv.ParseInt</c>'s spellings with base 0: a sign, a prefix (<c>0x</c>, <c>0o</c>, <c>0b</c>, or <c>0</c> for octal) and
    /// single underscores between digits, which need a prefix or nothing before them.
    /// </summary>
    public static bool TryParseNumber(string text, out long value)
    {
        value = 0;
        ReadOnlySpan<char> rest = text;
        bool isNegative = rest is ['-', ..];
        if (rest is ['-' or '+', ..]) rest = rest[1..];
        (int radix, int prefix) = rest switch
        {
            ['0', 'x' or 'X', ..] => (16, 2),
            ['0', 'o' or 'O', ..] => (8, 2),
            ['0', 'b' or 'B', ..] => (2, 2),
            ['0', _, ..] => (8, 1),
            _ => (10, 0),
        };
        rest = rest[prefix..];
        if (rest.IsEmpty) return false;

        BigInteger sum = BigInteger.Zero;
        bool mayBeUnderscore = prefix > 0;
        foreach (char character in rest)
        {
            if (character == '_')
            {
                if (!mayBeUnderscore) return false;
                mayBeUnderscore = false;
                continue;
            }

            int digit = char.IsAsciiHexDigit(character) ? int.Parse([character], NumberStyles.HexNumber, CultureInfo.InvariantCulture) : radix;
            if (digit >= radix || sum > ulong.MaxValue) return false;
            sum = (sum * radix) + digit;
            mayBeUnderscore = true;
        }

        if (!mayBeUnderscore) return false;
        if (isNegative) sum = -sum;
        if (sum < long.MinValue || sum > long.MaxValue) return false;
        value = (long)sum;
        return true;
    }
}
