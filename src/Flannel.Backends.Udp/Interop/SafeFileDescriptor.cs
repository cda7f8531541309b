using Microsoft.Win32.SafeHandles;

namespace Flannel.Backends.Udp.Interop;

/// <summary>Owns a file descriptor: a TUN queue, a socket or an eventfd.</summary>
internal sealed class SafeFileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>Creates an empty handle for the marshaller to fill.</summary>
    public SafeFileDescriptor()
        : base(ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close(handle) == 0;
}
