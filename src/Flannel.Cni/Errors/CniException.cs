namespace Flannel.Cni;

/// <summary>An operation of CNI failed: in a plugin, on the way to it or back, or before one was started.</summary>
/// <param name="code">What went wrong.</param>
/// <param name="message">A sentence for people.</param>
/// <param name="details">More about it, where there is more; plugins send it along.</param>
/// <param name="innerException">What caused it.</param>
public class CniException(
    CniErrorCode code, string message, string? details = null, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What went wrong.</summary>
    public CniErrorCode Code { get; } = code;

    /// <summary>More about it, or <see langword="null"/>.</summary>
    public string? Details { get; } = details;

    /// <summary>Whether the same call may succeed later without any change (<see cref="CniErrorCode.TryAgainLater"/>).</summary>
    public bool IsTransient => Code == CniErrorCode.TryAgainLater;
}
