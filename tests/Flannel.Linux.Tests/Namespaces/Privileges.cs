using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Flannel.Linux.Tests.Namespaces;

/// <summary>Takes capabilities away from one thread, which ends afterwards. Threads it starts have none either: capabilities are inherited.</summary>
internal static unsafe partial class Privileges
{
    internal const int NetAdmin = 12;
    internal const int SysAdmin = 21;

    private const uint Version3 = 0x20080522;
    private const int WordsPerMask = 3; // effective, permitted, inheritable; the lower 32 capabilities first, then the upper

    internal static void RunWithout(int capability, Action action) => RunWithout([capability], action);

    internal static void RunWithout(int[] capabilities, Action action)
    {
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Drop(capabilities);
                action();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static void Drop(int[] capabilities)
    {
        var header = new Header { Version = Version3 };
        uint* data = stackalloc uint[2 * WordsPerMask];
        Assert.Equal(0, capget(&header, data));
        foreach (int capability in capabilities)
            data[capability / 32 * WordsPerMask] &= ~(1u << (capability % 32));
        Assert.Equal(0, capset(&header, data));
    }

    [LibraryImport("libc")]
    private static partial int capget(Header* header, uint* data);

    [LibraryImport("libc")]
    private static partial int capset(Header* header, uint* data);

    private struct Header
    {
        public uint Version;
        public int Pid;
    }
}
