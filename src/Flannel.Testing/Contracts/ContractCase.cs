namespace Flannel.Testing.Contracts;

/// <summary>One rule of a contract and how to try it.</summary>
/// <param name="Name">The case's name: the subject, the condition, the outcome.</param>
/// <param name="Rule">The rule as a sentence.</param>
/// <param name="Run">Tries it; throws if the rule is broken.</param>
/// <typeparam name="T">What is tried.</typeparam>
internal sealed record ContractCase<T>(string Name, string Rule, Func<T, Task> Run)
{
    // Patience with a machine that is busy, not a measurement.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs the case of a name.</summary>
    /// <exception cref="ArgumentException">There is no such case.</exception>
    /// <exception cref="ContractException">The rule is broken.</exception>
    public static async Task RunAsync(IEnumerable<ContractCase<T>> cases, string contract, string name, T subject)
    {
        ContractCase<T> chosen = cases.FirstOrDefault(candidate => candidate.Name == name)
            ?? throw new ArgumentException($"The contract has no case '{name}'.", nameof(name));
        try
        {
            await chosen.Run(subject).WaitAsync(Limit, TimeProvider.System);
        }
        catch (Exception error)
        {
            string finding = error is BrokenRuleException ? error.Message : $"{error.GetType().Name}: {error.Message}";
            throw new ContractException(contract, name, chosen.Rule, finding, error);
        }
    }
}
