using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Interop;

/// <summary>Owns a file descriptor: a TUN queue, a socket or an eventfd.</summary>
internal sealed class SafeFileDescriptor : SafeHandle
{
    /// <summary>Creates an empty handle for the marshaller to fill.</summary>
    public SafeFileDescriptor()
        : base(invalidHandleValue: -1, ownsHandle: true)
    {
    }

    /// <summary>Looks at the lower half only: a C function that returns an int, such as -1, may leave anything in the upper half.</summary>
    public override bool IsInvalid => unchecked((int)handle) < 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close(handle) == 0;
}
