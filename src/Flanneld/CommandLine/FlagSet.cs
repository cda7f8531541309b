using Flannel.Extensibility;

namespace Flanneld.CommandLine;

/// <summary>
/// The rules of Go's <c>flag</c> package, which flannel's users know: <c>-x</c> and <c>--x</c> are the same, a value follows after <c>=</c> or as the
/// next argument, a switch takes one only after <c>=</c>, <c>--</c> or the first argument that is no flag ends the flags. System.CommandLine has
/// other rules (<c>-iface</c> would be a cluster of short options), so this is written by hand. Unlike Go it goes on after a wrong value, to report
/// all.
/// </summary>
internal sealed class FlagSet(IReadOnlyList<Flag> flags)
{
    private readonly Dictionary<string, Flag> _flags = flags.ToDictionary(flag => flag.Name, StringComparer.Ordinal);

    /// <summary>Reads a command line.</summary>
    /// <param name="arguments">Everything behind the program's name.</param>
    /// <param name="problems">Gets a sentence for each thing that is wrong.</param>
    public FlagValues Parse(IReadOnlyList<string> arguments, ICollection<string> problems)
    {
        var values = new FlagValues();
        for (int index = 0; index < arguments.Count; index++)
        {
            string argument = arguments[index];
            if (argument is not ['-', _, ..])
            {
                values.Arguments = [.. arguments.Skip(index)];
                break;
            }

            if (argument == "--")
            {
                values.Arguments = [.. arguments.Skip(index + 1)];
                break;
            }

            string text = argument[(argument[1] == '-' ? 2 : 1)..];
            if (text is ['-' or '=', ..])
            {
                problems.Add($"\"{argument}\" is not how a flag is written; write -name, --name, -name=value or -name value");
                break;
            }

            int equals = text.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? text : text[..equals];
            string? value = equals < 0 ? null : text[(equals + 1)..];
            if (!_flags.TryGetValue(name, out Flag? flag))
            {
                if (name is "help" or "h")
                {
                    values.IsHelp = true;
                    break;
                }

                // Whether the next argument is its value, nobody can tell.
                string[] similar = [.. Similarity.Closest(name, _flags.Keys).Select(known => "-" + known)];
                problems.Add($"there is no flag -{name}{(similar.Length > 0 ? $"; did you mean {string.Join(" or ", similar)}?" : "")}");
                break;
            }

            if (flag.Kind == FlagKind.Switch)
            {
                value ??= "true";
            }
            else if (value is null && ++index == arguments.Count)
            {
                problems.Add($"flag -{name} needs a value: {flag.Accepted}");
                break;
            }

            value ??= arguments[index];
            if (flag.Accepts(value)) values.Add(flag, value);
            else problems.Add($"flag -{name} cannot be \"{value}\": it must be {flag.Accepted}");
        }

        return values;
    }

    /// <summary>
    /// Fills in from the environment what the command line does not say. A value that is no good is reported and not used, as in flannel.
    /// </summary>
    /// <param name="values">What the command line says.</param>
    /// <param name="environment">Looks a variable up.</param>
    /// <param name="problems">Gets a sentence for each value that is not used.</param>
    public void FillFromEnvironment(FlagValues values, Func<string, string?> environment, ICollection<string> problems)
    {
        foreach (Flag flag in flags.Where(flag => !values.IsGiven(flag)))
        {
            if (environment(flag.Variable) is not { Length: > 0 } value) continue;
            if (flag.Accepts(value)) values.Add(flag, value, isFromEnvironment: true);
            else problems.Add($"{flag.Variable} cannot be \"{value}\": it must be {flag.Accepted}. It is ignored: \"{flag.Default}\" counts");
        }
    }
}
