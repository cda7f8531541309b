namespace Flannel;

/// <summary>The lease store refused a request or could not be reached.</summary>
public class StoreException : FlannelException
{
    private readonly bool _isTransient;

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked of the store and what it answered.</param>
    /// <param name="isTransient">Whether the same request may succeed later.</param>
    /// <param name="innerException">The cause.</param>
    public StoreException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException) => _isTransient = isTransient;

    /// <summary>
    /// What kind of failure it is. Of several endpoints that failed in different ways, the one whose failure takes an action counts: certificates
    /// before names before silence.
    /// </summary>
    public StoreErrorKind Kind { get; init; }

    /// <inheritdoc />
    public override bool IsTransient => _isTransient;
}
