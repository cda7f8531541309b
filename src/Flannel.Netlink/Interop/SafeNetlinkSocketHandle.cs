using Microsoft.Win32.SafeHandles;

namespace Flannel.Netlink.Interop;

/// <summary>Owns the file descriptor of a netlink socket.</summary>
internal sealed class SafeNetlinkSocketHandle : SafeHandleMinusOneIsInvalid
{
    /// <summary>Creates an empty handle for the marshaller to fill.</summary>
    public SafeNetlinkSocketHandle()
        : base(ownsHandle: true)
    {
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close(handle) == 0;
}
