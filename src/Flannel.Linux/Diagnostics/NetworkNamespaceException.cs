namespace Flannel;

/// <summary>A network namespace does not exist, exists already, or could not be made, entered or removed.</summary>
public sealed class NetworkNamespaceException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="networkNamespace">The name or path that was asked for.</param>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public NetworkNamespaceException(string networkNamespace, string message, Exception? innerException = null)
        : base(message, innerException) => NetworkNamespace = networkNamespace;

    /// <summary>The name or path that was asked for.</summary>
    public string NetworkNamespace { get; }
}
