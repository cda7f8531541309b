using System.Runtime.InteropServices.Marshalling;
using Tmds.Linux;

namespace Flannel.Linux.Interop;

/// <summary>sys/mount.h.</summary>
internal static class LinuxMount
{
    internal static ulong_t MS_BIND => LibC.MS_BIND;

    internal static ulong_t MS_REC => LibC.MS_REC;

    internal static ulong_t MS_SHARED => LibC.MS_SHARED;

    internal static int MNT_DETACH => LibC.MNT_DETACH;

    internal static unsafe int mount(string source, string target, string type, ulong_t flags)
    {
        byte* nativeSource = null, nativeTarget = null, nativeType = null;
        try
        {
            nativeSource = Utf8StringMarshaller.ConvertToUnmanaged(source);
            nativeTarget = Utf8StringMarshaller.ConvertToUnmanaged(target);
            nativeType = Utf8StringMarshaller.ConvertToUnmanaged(type);
            return LibC.mount(nativeSource, nativeTarget, nativeType, flags, null);
        }
        finally
        {
            Utf8StringMarshaller.Free(nativeSource);
            Utf8StringMarshaller.Free(nativeTarget);
            Utf8StringMarshaller.Free(nativeType);
        }
    }

    internal static unsafe int umount2(string target, int flags)
    {
        byte* nativeTarget = Utf8StringMarshaller.ConvertToUnmanaged(target);
        try
        {
            return LibC.umount2(nativeTarget, flags);
        }
        finally
        {
            Utf8StringMarshaller.Free(nativeTarget);
        }
    }
}
