using Flannel.Cni;

namespace Flannel;

/// <summary>A container could not be attached, detached or listed. Nothing of the call is left behind.</summary>
public sealed class ContainerNetworkException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="error">What kind.</param>
    /// <param name="message">What was asked, what was found, what to do.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public ContainerNetworkException(ContainerNetworkError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    /// <summary>What kind.</summary>
    public ContainerNetworkError Error { get; }

    /// <summary>CNI's number for it; from 100 on where CNI has none.</summary>
    public CniErrorCode Code => Error switch
    {
        ContainerNetworkError.Invalid => CniErrorCode.InvalidConfiguration,
        ContainerNetworkError.NamespaceGone => CniErrorCode.UnknownContainer,
        ContainerNetworkError.StateDirectory => CniErrorCode.IoFailure,
        ContainerNetworkError.PoolEmpty or ContainerNetworkError.NoLease => CniErrorCode.TryAgainLater,
        _ => CniErrorCode.PluginSpecific + (int)Error,
    };

    /// <inheritdoc/>
    public override bool IsTransient => Code == CniErrorCode.TryAgainLater;
}
