using System.Runtime.InteropServices;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>
/// Takes something away from one thread, which runs in a host of a lab and ends afterwards. Threads inherit it, so what runs there starts none.
/// </summary>
internal static unsafe partial class Deprivation
{
    private const int CLONE_FS = 0x200;
    private const int CLONE_NEWNS = 0x20000;
    private const nuint MS_REC = 0x4000;
    private const nuint MS_PRIVATE = 0x40000;
    private const uint Version3 = 0x20080522; // _LINUX_CAPABILITY_VERSION_3
    private const int CAP_NET_ADMIN = 12;
    private const int WordsOfSets = 2 * 3; // effective, permitted, inheritable; the lower 32 capabilities first, then the upper

    /// <summary>Runs an action where /dev/net is empty, in a mount namespace that ends with the thread.</summary>
    /// <returns>What the action threw.</returns>
    public static Exception? WithoutTunControl(LabHost host, Action action) => host.Run(() =>
    {
        // Each step keeps the next one away from the mounts of the machine.
        Check(unshare(CLONE_FS | CLONE_NEWNS), "unshare");
        Check(mount("none", "/", null, MS_REC | MS_PRIVATE, 0), "private mounts");
        Check(mount("none", "/dev/net", "tmpfs", 0, 0), "an empty /dev/net");
        return Record.Exception(action);
    });

    /// <summary>Runs an action without CAP_NET_ADMIN in the effective set.</summary>
    /// <returns>What the action threw.</returns>
    public static Exception? WithoutNetAdmin(LabHost host, Action action) => host.Run(() =>
    {
        // The system calls themselves, which change the calling thread alone.
        (nint capget, nint capset) = RuntimeInformation.ProcessArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => (125, 126),
            System.Runtime.InteropServices.Architecture.Arm64 => (90, 91),
            var other => throw new NotSupportedException($"The numbers of capget and capset on {other} are not known here."),
        };
        var header = new CapabilityHeader { Version = Version3 };
        uint* sets = stackalloc uint[WordsOfSets];
        Check(syscall(capget, &header, sets), "capget");
        sets[0] &= ~(1u << CAP_NET_ADMIN);
        Check(syscall(capset, &header, sets), "capset");
        return Record.Exception(action);
    });

    private static void Check(nint result, string what) => Assert.True(result == 0, $"{what}: errno {Marshal.GetLastPInvokeError()}");

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? type, nuint flags, nint data);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, CapabilityHeader* header, uint* sets);

    private struct CapabilityHeader
    {
        public uint Version;
        public int Pid; // 0 is the calling thread
    }
}
