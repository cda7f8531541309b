using System.Runtime.InteropServices;
using Flannel.Backends.Udp.Interop;
using static Flannel.Backends.Udp.Interop.LinuxPoll;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// Ends the threads of the data path: an eventfd in every poll set, because closing a descriptor does not wake who waits for it, and a flag for a
/// thread that has too much to do to ever wait.
/// </summary>
internal sealed unsafe class StopSignal : IDisposable
{
    private volatile bool _isRaised;

    /// <summary>Creates a signal that is not raised.</summary>
    public StopSignal()
    {
        Handle = Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (Handle.IsInvalid) throw new IOException($"The kernel gives no eventfd (errno {Marshal.GetLastPInvokeError()}).");
    }

    /// <summary>Readable once the signal is raised.</summary>
    public SafeFileDescriptor Handle { get; }

    public bool IsRaised => _isRaised;

    /// <summary>Wakes every thread that waits, now or later.</summary>
    public void Raise()
    {
        _isRaised = true;
        ulong one = 1;
        Libc.write(Handle, &one, sizeof(ulong));
    }

    public void Dispose() => Handle.Dispose();
}
