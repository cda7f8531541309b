namespace Flannel;

/// <summary>The network has no lease store, or one that cannot do what was asked of it.</summary>
public sealed class StoreNotSupportedException : StoreException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, and what there is.</param>
    /// <param name="innerException">The cause.</param>
    public StoreNotSupportedException(string message, Exception? innerException = null)
        : base(message, isTransient: false, innerException)
    {
    }
}
