using Flannel.Core.Configuration;

namespace Flannel.Core.Diagnostics;

/// <summary>The network configuration is missing or breaks rules. All problems are reported at once.</summary>
public sealed class NetworkConfigException : FlannelException
{
    internal NetworkConfigException(string source, IReadOnlyList<NetworkConfigProblem> problems, Exception? innerException = null)
        : base(
            $"The network configuration ({source}) cannot be used: " + string.Join("; ", problems),
            innerException) => Problems = problems;

    /// <summary>Every problem found, in the order of the document's keys.</summary>
    public IReadOnlyList<NetworkConfigProblem> Problems { get; }
}
