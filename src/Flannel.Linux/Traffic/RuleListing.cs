namespace Flannel.Linux.Traffic;

/// <summary>
/// What a packet filter's program prints of a chain or table, line by line without indentation. Compared in full and in order, so a missing, an
/// extra and a misplaced rule are all seen.
/// </summary>
internal static class RuleListing
{
    private const int ShownAtMost = 4;

    /// <summary>The lines of a program's output that say something.</summary>
    public static string[] Lines(string output) => output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Says in a few words how what was found differs from what was wanted.</summary>
    public static string Describe(string where, IReadOnlyList<string> wanted, IReadOnlyList<string>? found)
    {
        if (found is null)
            return $"{where} was missing";
        string[] missing = [.. wanted.Except(found)];
        string[] foreign = [.. found.Except(wanted)];
        return (missing, foreign) switch
        {
            ([], []) => $"{where} had its rules repeated or out of order",
            (_, []) => $"{where} lacked {Show(missing)}",
            ([], _) => $"{where} also had {Show(foreign)}",
            _ => $"{where} had {Show(foreign)} instead of {Show(missing)}",
        };
    }

    private static string Show(string[] lines)
    {
        string shown = string.Join(", ", lines.Take(ShownAtMost).Select(static line => $"'{line}'"));
        return lines.Length > ShownAtMost ? $"{shown} and {lines.Length - ShownAtMost} more" : shown;
    }
}
