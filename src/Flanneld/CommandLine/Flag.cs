namespace Flanneld.CommandLine;

/// <summary>One flag of the command line, and the environment variable that stands in for it.</summary>
internal sealed record Flag(string Name, FlagKind Kind, string Default, string Usage)
{
    /// <summary>What its value is called in the usage.</summary>
    public string ValueName { get; init; } = "";

    /// <summary>Whether its value is shown to nobody.</summary>
    public bool IsSecret { get; init; }

    /// <summary>The environment variable that counts when the flag is not given: <c>FLANNELD_ETCD_PREFIX</c> for <c>-etcd-prefix</c>.</summary>
    public string Variable { get; } = "FLANNELD_" + Name.Replace('-', '_').ToUpperInvariant();

    /// <summary>Whether a text can be a value of this kind of flag at all; whether the value makes sense is judged later.</summary>
    public bool Accepts(string text) => Kind switch
    {
        FlagKind.Number => GoText.TryParseNumber(text, out _),
        FlagKind.Switch => GoText.TryParseSwitch(text, out _),
        _ => true,
    };

    /// <summary>What <see cref="Accepts"/> accepts, in words.</summary>
    public string Accepted => Kind switch
    {
        FlagKind.Number => "a whole number",
        FlagKind.Switch => "true or false",
        _ => "a text",
    };
}
