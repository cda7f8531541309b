using System.Text;
using Flannel.Extensibility;

namespace Flanneld.Logging;

/// <summary>Text that stays on its line, whoever wrote it: etcd, a peer's lease, a file.</summary>
internal static class LogText
{
    public static string OnOneLine(string text)
    {
        if (!text.Any(char.IsControl)) return VisibleText.Of(text);
        var line = new StringBuilder(text.Length);
        foreach (char character in text)
        {
            if (!char.IsControl(character)) line.Append(character);
            else if (character == '\n') line.Append(" | ");
            else if (character != '\r') line.Append(' ');
        }

        return VisibleText.Of(line.ToString());
    }
}
