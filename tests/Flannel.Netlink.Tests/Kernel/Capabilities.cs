using System.Runtime.InteropServices;

namespace Flannel.Netlink.Tests.Kernel;

/// <summary>Runs code with CAP_NET_ADMIN dropped from the effective set of the calling thread, and takes it back afterwards.</summary>
internal static unsafe partial class Capabilities
{
    private const uint Version3 = 0x20080522; // _LINUX_CAPABILITY_VERSION_3
    private const int NetAdmin = 12; // CAP_NET_ADMIN

    internal static T WithoutNetAdmin<T>(Func<T> body)
    {
        var header = new Header { Version = Version3 };
        Data* sets = stackalloc Data[2];
        Check(capget(&header, sets));
        Data before = sets[0];
        sets[0].Effective &= ~(1u << NetAdmin);
        Check(capset(&header, sets));
        try
        {
            return body();
        }
        finally
        {
            sets[0] = before;
            Check(capset(&header, sets));
        }
    }

    private static void Check(int result)
    {
        if (result != 0)
            throw new InvalidOperationException($"capabilities: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int capget(Header* header, Data* data);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int capset(Header* header, Data* data);

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public uint Version;
        public int Pid;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Data
    {
        public uint Effective;
        public uint Permitted;
        public uint Inheritable;
    }
}
