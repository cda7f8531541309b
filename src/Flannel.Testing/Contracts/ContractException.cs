namespace Flannel.Testing;

/// <summary>A store or a backend breaks a rule of its contract. The message says which one, and what was found instead.</summary>
public sealed class ContractException : Exception
{
    internal ContractException(string contract, string name, string rule, string finding, Exception? innerException)
        : base($"The {contract} breaks its contract in '{name}'. The rule: {rule} {finding}", innerException) => (Case, Rule) = (name, rule);

    /// <summary>The case that failed, by its name in the contract.</summary>
    public string Case { get; }

    /// <summary>The rule that is broken, as a sentence.</summary>
    public string Rule { get; }
}
