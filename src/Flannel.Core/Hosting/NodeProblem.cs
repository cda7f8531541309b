namespace Flannel.Core.Hosting;

/// <summary>One thing that is to be said of a node.</summary>
/// <param name="Weight">What it does to the node's state.</param>
/// <param name="Text">What is wrong, and what to do about it.</param>
/// <param name="Error">The error behind it, or <see langword="null"/>.</param>
internal readonly record struct NodeProblem(NodeProblemWeight Weight, string Text, Exception? Error = null)
{
    /// <summary>
    /// What the log compares to tell whether there is news; the text itself unless it changes with every attempt (a store names another endpoint) or
    /// as often as somebody likes (refused leases).
    /// </summary>
    public string LogKey { get; init; } = Text;
}
