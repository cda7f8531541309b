using Flannel.Extensibility;

namespace Flannel;

/// <summary>
/// Base of every exception that Flannel raises on purpose. The message says what was asked, what was found and what to do about it. Neither it nor
/// that of a cause has characters that a terminal obeys, whoever wrote what they quote.
/// </summary>
public abstract class FlannelException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    protected FlannelException(string message, Exception? innerException = null)
        : base(
            message is null ? null : VisibleText.Of(message, VisibleText.MaxMessage),
            innerException is null ? null : VisibleText.Of(innerException))
    {
    }

    /// <summary>
    /// Whether the same call may succeed later without anybody changing anything (a store that is away, an interface that is not up yet).
    /// A node retries both kinds, but reports a lasting one to <c>WaitForReadyAsync</c> at once.
    /// </summary>
    public virtual bool IsTransient => false;
}
