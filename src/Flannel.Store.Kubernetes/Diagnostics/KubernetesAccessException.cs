namespace Flannel;

/// <summary>
/// What is given to reach the Kubernetes API and to log in there (a kubeconfig, a pod's service account, a program for credentials) cannot be used.
/// It is read again at every attempt, so correcting it is enough.
/// </summary>
public sealed class KubernetesAccessException : StoreException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="source">The file or the place that has to be corrected.</param>
    /// <param name="problem">What is wrong there and what to do, as the rest of a sentence.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public KubernetesAccessException(string source, string problem, Exception? innerException = null)
        : base($"The access to Kubernetes ({source}) cannot be used: {problem}.", isTransient: false, innerException) => Origin = source;

    /// <summary>The file or the place that has to be corrected.</summary>
    public string Origin { get; }
}
