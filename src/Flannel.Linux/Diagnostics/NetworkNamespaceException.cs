namespace Flannel;

/// <summary>A network namespace does not exist, exists already, or could not be made, entered or removed.</summary>
public sealed class NetworkNamespaceException : FlannelException
{
    internal NetworkNamespaceException(string networkNamespace, string message, Exception? innerException = null)
        : base(message, innerException) => NetworkNamespace = networkNamespace;

    /// <summary>The name or path that was asked for.</summary>
    public string NetworkNamespace { get; }
}
