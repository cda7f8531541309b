namespace Flannel.Extensibility;

/// <summary>Which of the known names somebody probably meant.</summary>
public static class Similarity
{
    private const int MaxNames = 3;

    /// <summary>The names that differ the least, at most three, if they differ little enough to be meant.</summary>
    /// <param name="text">What was written.</param>
    /// <param name="names">The known names, in lower case.</param>
    /// <returns>The names, sorted; none if none is close.</returns>
    public static IEnumerable<string> Closest(string text, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(names);
        string asked = text.ToLowerInvariant().Replace('_', '-');
        int most = text.Length < 4 ? text.Length / 3 : Math.Max(2, text.Length / 3);
        (string Name, int Distance)[] close = [.. names.Select(name => (name, Distance(asked, name))).Where(pair => pair.Item2 <= most)];
        return close.Where(pair => pair.Distance == close.Min(other => other.Distance))
            .Select(pair => pair.Name)
            .Order(StringComparer.Ordinal)
            .Take(MaxNames);
    }

    /// <summary>How many characters have to be added, left out or replaced.</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 0; i < one.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < other.Length; j++)
            {
                int replaced = diagonal + (one[i] == other[j] ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], row[j + 1]) + 1);
            }
        }

        return row[^1];
    }
}
