using Microsoft.Win32.SafeHandles;

namespace Flannel.Netlink.Interop;

/// <summary>Owns an eventfd.</summary>
internal sealed class SafeEventHandle : SafeHandleMinusOneIsInvalid
{
    /// <summary>Creates an empty handle for the marshaller to fill.</summary>
    public SafeEventHandle()
        : base(ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close(handle) == 0;
}
