namespace Flannel;

/// <summary>The TUN device cannot be opened or set up: the kernel has none, the host refuses it, or it would be too small.</summary>
public sealed class TunDeviceException : FlannelException
{
    internal TunDeviceException(string message, Exception? innerException = null, bool isTransient = false)
        : base(message, innerException) => IsTransient = isTransient;

    /// <inheritdoc />
    public override bool IsTransient { get; }
}
