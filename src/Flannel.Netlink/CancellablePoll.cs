using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink;

/// <summary>
/// Waits until a descriptor is readable or <see cref="Cancel"/> is called. Closing a descriptor does not wake its reader, and its number may be
/// reused meanwhile; an eventfd in the same poll set does wake it.
/// </summary>
internal sealed unsafe class CancellablePoll : IDisposable
{
    private readonly SafeEventHandle _cancelled;

    internal CancellablePoll()
    {
        _cancelled = Libc.eventfd(0, Libc.EFD_CLOEXEC | Libc.EFD_NONBLOCK);
        if (_cancelled.IsInvalid)
            throw new NetlinkException("create an eventfd", Marshal.GetLastPInvokeError());
    }

    /// <summary>Blocks the calling thread.</summary>
    /// <returns>True when <paramref name="handle"/> is readable or in error; false once cancelled.</returns>
    internal bool Wait(SafeHandle handle)
    {
        bool handleHeld = false;
        bool cancelledHeld = false;
        try
        {
            handle.DangerousAddRef(ref handleHeld);
            _cancelled.DangerousAddRef(ref cancelledHeld);
            Libc.pollfd* set = stackalloc Libc.pollfd[2];
            set[0] = new Libc.pollfd { fd = (int)handle.DangerousGetHandle(), events = Libc.POLLIN };
            set[1] = new Libc.pollfd { fd = (int)_cancelled.DangerousGetHandle(), events = Libc.POLLIN };
            while (Libc.poll(set, 2, -1) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != LinuxErrno.EINTR)
                    throw new NetlinkException("wait for a netlink socket", errno);
            }

            return set[1].revents == 0;
        }
        finally
        {
            if (cancelledHeld)
                _cancelled.DangerousRelease();
            if (handleHeld)
                handle.DangerousRelease();
        }
    }

    /// <summary>Makes the current and every later <see cref="Wait"/> return false.</summary>
    internal void Cancel()
    {
        ulong one = 1;
        Libc.write(_cancelled, &one, sizeof(ulong));
    }

    /// <inheritdoc/>
    public void Dispose() => _cancelled.Dispose();
}
