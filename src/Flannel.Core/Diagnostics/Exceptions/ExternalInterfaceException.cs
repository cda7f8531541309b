using Flannel.Extensibility;

namespace Flannel;

/// <summary>No interface of the host fits the options. It may appear later, so the node keeps looking.</summary>
public sealed class ExternalInterfaceException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked for and why nothing fits.</param>
    /// <param name="candidates">Every interface that was considered.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public ExternalInterfaceException(string message, IReadOnlyList<InterfaceCandidate> candidates, Exception? innerException = null)
        : base(
            message + (candidates.Count == 0 ? " There are no interfaces." : " Candidates: " + string.Join("; ", candidates) + "."),
            innerException) => Candidates = candidates;

    /// <summary>Every interface that was considered, and why it was refused.</summary>
    public IReadOnlyList<InterfaceCandidate> Candidates { get; }
}
