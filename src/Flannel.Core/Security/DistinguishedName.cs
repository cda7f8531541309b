using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Flannel.Core.Security;

/// <summary>Names in certificates, as messages show them. A server that nobody trusts yet writes them as it likes.</summary>
internal static class DistinguishedName
{
    private const int MaxLength = 100;

    /// <summary>A subject's or issuer's name.</summary>
    public static string Show(X500DistinguishedName name) => Show(name.Name);

    /// <summary>Any text of a certificate: of bounded length, without characters that control a terminal or reorder a line.</summary>
    public static string Show(string text)
    {
        if (text.Length == 0)
            return "(without a name)";
        var shown = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (shown.Length >= MaxLength)
                return shown.Append("...").ToString();
            shown.Append(IsHarmless(rune) ? rune.ToString() : "?");
        }

        return shown.ToString();
    }

    private static bool IsHarmless(Rune rune) => Rune.IsLetterOrDigit(rune) || Rune.IsPunctuation(rune) || Rune.IsSymbol(rune) || rune.Value == ' ';
}
