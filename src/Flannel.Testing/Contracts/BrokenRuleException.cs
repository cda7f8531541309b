namespace Flannel.Testing.Contracts;

/// <summary>What was found instead of what a rule says. The case that found it adds its name.</summary>
internal sealed class BrokenRuleException(string finding) : Exception(finding);
