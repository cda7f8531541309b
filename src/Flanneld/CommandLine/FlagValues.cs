namespace Flanneld.CommandLine;

/// <summary>What the command line, the environment and the defaults say together.</summary>
internal sealed class FlagValues
{
    private readonly Dictionary<Flag, List<string>> _given = [];
    private readonly HashSet<Flag> _fromEnvironment = [];

    /// <summary>Whether help was asked for.</summary>
    public bool IsHelp { get; set; }

    /// <summary>The first argument that is no flag, and everything behind it.</summary>
    public IReadOnlyList<string> Arguments { get; set; } = [];

    public bool IsGiven(Flag flag) => _given.ContainsKey(flag);

    /// <summary>The value last given, or the default.</summary>
    public string Text(Flag flag) => _given.TryGetValue(flag, out List<string>? values) ? values[^1] : flag.Default;

    /// <summary>The value, or <see langword="null"/> if it is empty: flannel does not tell an empty value from none.</summary>
    public string? TextOrNull(Flag flag) => Text(flag) is { Length: > 0 } text ? text : null;

    public long Number(Flag flag) => GoText.TryParseNumber(Text(flag), out long number) ? number : throw Unchecked(flag);

    public bool IsOn(Flag flag) => GoText.TryParseSwitch(Text(flag), out bool isOn) ? isOn : throw Unchecked(flag);

    /// <summary>Every value given, in order.</summary>
    public IReadOnlyList<string> List(Flag flag) => _given.TryGetValue(flag, out List<string>? values) ? values : [];

    /// <summary>The flag as it was given, for messages: <c>flag -v</c>, or the variable that stood in for it.</summary>
    public string NameOf(Flag flag) => _fromEnvironment.Contains(flag) ? flag.Variable : $"flag -{flag.Name}";

    public void Add(Flag flag, string value, bool isFromEnvironment = false)
    {
        if (!_given.TryGetValue(flag, out List<string>? values)) _given.Add(flag, values = []);
        values.Add(value);
        if (isFromEnvironment) _fromEnvironment.Add(flag);
    }

    private static InvalidOperationException Unchecked(Flag flag) => new($"The value of -{flag.Name} was taken unchecked.");
}
