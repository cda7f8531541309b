namespace Flanneld.Docker;

/// <summary>The options of <c>docker-opts</c>, which are those of flannel's <c>mk-docker-opts.sh</c>.</summary>
internal sealed record DockerOptions
{
    public string SubnetFile { get; private set; } = "/run/flannel/subnet.env";

    public string Output { get; private set; } = "/run/docker_opts.env";

    public bool WithIndividual { get; private set; }

    public bool WithCombined { get; private set; }

    public string CombinedKey { get; private set; } = "DOCKER_OPTS";

    public bool WithIpMasq { get; private set; } = true;

    /// <summary>
    /// Reads options as getopts does: <c>-ic</c> is two of them, a value follows at once or as the next argument, <c>--</c> ends them.
    /// </summary>
    /// <param name="arguments">The arguments.</param>
    /// <param name="problem">What is wrong with them; empty if help was asked for.</param>
    /// <returns>The options, or <see langword="null"/>.</returns>
    public static DockerOptions? Parse(IReadOnlyList<string> arguments, out string problem)
    {
        var options = new DockerOptions();
        problem = "";
        for (int index = 0; index < arguments.Count; index++)
        {
            string argument = arguments[index];
            if (argument == "--" && index == arguments.Count - 1) break;
            if (argument is not ['-', _, ..] || argument == "--")
            {
                problem = $"\"{(argument == "--" ? arguments[index + 1] : argument)}\" is not expected: there are only options";
                return null;
            }

            for (int position = 1; position < argument.Length; position++)
            {
                char letter = argument[position];
                if (letter is 'f' or 'd' or 'k')
                {
                    string? value = position + 1 < argument.Length ? argument[(position + 1)..] : ++index < arguments.Count ? arguments[index] : null;
                    if (!options.TrySet(letter, value, out problem)) return null;
                    break;
                }

                if (!options.TrySet(letter, null, out problem)) return null;
            }
        }

        if (!options.WithIndividual && !options.WithCombined) options.WithIndividual = options.WithCombined = true;
        return options;
    }

    private bool TrySet(char letter, string? value, out string problem)
    {
        problem = "";
        switch (letter)
        {
            case 'i': WithIndividual = true; return true;
            case 'c': WithCombined = true; return true;
            case 'm': WithIpMasq = false; return true;
            case 'h' or '?': return false;
            case 'f' or 'd' or 'k' when string.IsNullOrEmpty(value):
                problem = $"option -{letter} needs a value";
                return false;
            case 'f': SubnetFile = value!; return true;
            case 'd': Output = value!; return true;
            case 'k' when ShellVariables.IsName(value): CombinedKey = value!; return true;
            case 'k':
                problem = $"option -k cannot be \"{value}\"; it must be the name of a variable, such as DOCKER_OPTS";
                return false;
            default:
                problem = $"there is no option -{letter}; there are -f, -d, -i, -c, -k, -m and -h";
                return false;
        }
    }
}
