namespace Flannel.Cni;

/// <summary>A plugin failed.</summary>
/// <param name="plugin">Its type.</param>
/// <param name="command">The command, such as ADD.</param>
/// <param name="failure">How it failed.</param>
/// <param name="code">Its code; for failures that it did not report, the one that fits best.</param>
/// <param name="message">A sentence for people.</param>
/// <param name="details">More about it.</param>
/// <param name="errors">What it wrote to its standard error.</param>
/// <param name="innerException">What caused it.</param>
public sealed class CniPluginException(
    string plugin, string command, CniPluginFailure failure, CniErrorCode code, string message, string? details = null, string errors = "",
    Exception? innerException = null)
    : CniException(code, $"The plugin {plugin} failed at {command}: {message}", details, innerException)
{
    /// <summary>Its type.</summary>
    public string Plugin { get; } = plugin;

    /// <summary>The command, such as ADD.</summary>
    public string Command { get; } = command;

    /// <summary>How it failed.</summary>
    public CniPluginFailure Failure { get; } = failure;

    /// <summary>What it said of the failure itself, without a word about where.</summary>
    public string Reason { get; } = message;

    /// <summary>What it wrote to its standard error; empty if nothing.</summary>
    public string StandardError { get; } = errors;

    /// <summary>
    /// What went wrong when the failed ADD was undone, or <see langword="null"/>: something may be left that DEL or garbage collection cleans later.
    /// </summary>
    public CniException? CleanUpFailure { get; internal set; }
}
