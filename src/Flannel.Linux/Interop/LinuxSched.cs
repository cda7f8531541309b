using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace Flannel.Linux.Interop;

/// <summary>sched.h. Both calls change the calling thread alone.</summary>
internal static class LinuxSched
{
    internal static int CLONE_NEWNET => LibC.CLONE_NEWNET;

    /// <summary>The handle is held during the call, so that the number cannot become another file meanwhile.</summary>
    internal static int setns(SafeFileHandle fd, int type)
    {
        bool held = false;
        try
        {
            fd.DangerousAddRef(ref held);
            return LibC.setns((int)fd.DangerousGetHandle(), type);
        }
        finally
        {
            if (held)
                fd.DangerousRelease();
        }
    }

    internal static int unshare(int flags) => LibC.unshare(flags);
}
