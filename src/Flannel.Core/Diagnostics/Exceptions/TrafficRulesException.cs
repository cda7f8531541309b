namespace Flannel;

/// <summary>The host's packet filter cannot be made what the node's traffic policy says.</summary>
public sealed class TrafficRulesException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="isTransient">Whether it may succeed later without anybody changing anything.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public TrafficRulesException(string message, bool isTransient = false, Exception? innerException = null)
        : base(message, innerException) => IsTransient = isTransient;

    /// <inheritdoc/>
    public override bool IsTransient { get; }
}
