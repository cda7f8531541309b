namespace Flannel;

/// <summary>One rule that a network configuration breaks.</summary>
/// <param name="Key">The JSON key, such as <c>SubnetLen</c>; empty for the document as a whole.</param>
/// <param name="Value">The value found, as JSON text; empty if the key is missing.</param>
/// <param name="Allowed">What is allowed there.</param>
public sealed record NetworkConfigProblem(string Key, string Value, string Allowed)
{
    /// <summary>The problem as one readable clause.</summary>
    public override string ToString() => (Key, Value) switch
    {
        ("", "") => $"the document: {Allowed}",
        ("", _) => $"the document is {Value}: {Allowed}",
        (_, "") => $"{Key} is missing: {Allowed}",
        _ => $"{Key} is {Value}: {Allowed}",
    };
}
