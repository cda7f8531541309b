namespace Flannel;

/// <summary>The VXLAN device cannot be created or adopted: its name or its VNI is in use by something else, or the host refuses it.</summary>
public sealed class VxlanDeviceException : FlannelException
{
    internal VxlanDeviceException(string device, string message, Exception? innerException = null, bool isTransient = false)
        : base(message, innerException) => (Device, IsTransient) = (device, isTransient);

    /// <summary>The device's name, such as <c>flannel.1</c>.</summary>
    public string Device { get; }

    /// <inheritdoc />
    public override bool IsTransient { get; }
}
