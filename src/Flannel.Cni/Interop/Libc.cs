using System.Runtime.InteropServices;

namespace Flannel.Cni.Interop;

/// <summary>The C library's calls that starting and watching a child takes. Names and numbers are those of its headers.</summary>
internal static unsafe partial class Libc
{
    public const int ENOENT = 2;
    public const int EINTR = 4;
    public const int ESRCH = 3;
    public const int ECHILD = 10;

    public const int O_RDONLY = 0;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;

    public const short POLLIN = 1;

    public const uint MFD_CLOEXEC = 1;
    public const int SEEK_SET = 0;

    public const int EFD_CLOEXEC = 0x80000;

    public const int SIGKILL = 9;
    public const int WNOHANG = 1;

    public const short POSIX_SPAWN_SETPGROUP = 0x02;
    public const short POSIX_SPAWN_SETSIGDEF = 0x04;
    public const short POSIX_SPAWN_SETSIGMASK = 0x08;

    public const int CLONE_NEWNET = 0x40000000;

    // One number on every architecture since Linux 5.1.
    public const long SYS_pidfd_open = 434;

    // Larger than any C library's: glibc has 80 and 336 bytes, musl less.
    public const int SizeOfSpawnStructures = 512;
    public const int SizeOfSigset = 128;

    // linux/pidfd.h: since Linux 6.13, and how a process ended since 6.15.
    public const nuint PIDFD_GET_INFO = 0xC040FF0B;
    public const ulong PIDFD_INFO_EXIT = 1 << 3;

    /// <summary>The part that every kernel with the call has.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    public struct pidfd_info
    {
        [FieldOffset(0)]
        public ulong mask;

        [FieldOffset(60)]
        public int exit_code;
    }

    public struct PollEntry
    {
        public int fd;
        public short events;
        public short revents;
    }

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* descriptors, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int memfd_create(byte* name, uint flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int eventfd(uint value, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int close(int descriptor);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial nint write(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial long lseek(int descriptor, long offset, int whence);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(PollEntry* set, nuint count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int process, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int process, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int ioctl(int descriptor, nuint request, pidfd_info* info);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setns(int descriptor, int type);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial long pidfd_open(long number, long process, long flags);

    [LibraryImport("libc")]
    public static partial int sigfillset(byte* set);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_init(byte* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_destroy(byte* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_adddup2(byte* actions, int from, int to);

    // Since glibc 2.34; musl has none.
    public static readonly delegate* unmanaged<byte*, int, int> posix_spawn_file_actions_addclosefrom_np =
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out nint address)
            ? (delegate* unmanaged<byte*, int, int>)address
            : null;

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(byte* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_destroy(byte* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(byte* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(byte* attributes, byte* set);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigmask(byte* attributes, byte* set);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setpgroup(byte* attributes, int group);

    [LibraryImport("libc")]
    public static partial int posix_spawn(int* process, byte* path, byte* actions, byte* attributes, byte** arguments, byte** environment);
}
