namespace Flannel;

/// <summary>Base of everything that goes wrong with a subnet lease.</summary>
public abstract class LeaseException : FlannelException
{
    private protected LeaseException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
