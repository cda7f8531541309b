namespace Flannel;

/// <summary>Base of everything that goes wrong with a subnet lease. An application's subnet manager may derive from it.</summary>
public abstract class LeaseException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    protected LeaseException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
