namespace Flannel.Linux.Traffic;

/// <summary>How a program ended.</summary>
/// <param name="Command">The command line.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it wrote to its standard output.</param>
/// <param name="Errors">What it wrote to its standard error.</param>
internal sealed record ProgramResult(string Command, int ExitCode, string Output, string Errors)
{
    /// <summary>The output of a program that must succeed.</summary>
    /// <param name="operation">What it was run for, as the beginning of a sentence.</param>
    /// <exception cref="TrafficRulesException">It failed.</exception>
    public string OutputOf(string operation) => ExitCode == 0
        ? Output
        : throw new TrafficRulesException(
            $"{operation} failed: '{Command}' ended with {ExitCode} and said: {Said}. It is tried again.", isTransient: true);

    private string Said => Errors.Trim() is { Length: > 0 } said ? said.ReplaceLineEndings(" ").TrimEnd('.') : "nothing";
}
