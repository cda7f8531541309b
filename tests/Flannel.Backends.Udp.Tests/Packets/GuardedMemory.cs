using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.Tests.Packets;

/// <summary>
/// Memory whose every slot ends at a page that may not be touched: one byte read or written behind what was placed there ends the process.
/// </summary>
internal sealed unsafe partial class GuardedMemory : IDisposable
{
    private const int PageSize = 4096;
    private const int SlotPages = 20;
    private const int PROT_NONE = 0;
    private const int PROT_READ_WRITE = 3;
    private const int MAP_PRIVATE_ANONYMOUS = 0x22;

    private readonly byte* _start;
    private readonly nuint _length;

    public GuardedMemory(int slots = 1)
    {
        _length = (nuint)slots * (SlotPages + 1) * PageSize;
        _start = mmap(null, _length, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
        Assert.True((nint)_start != -1, $"mmap: errno {Marshal.GetLastPInvokeError()}");
        for (int slot = 0; slot < slots; slot++)
            Assert.Equal(0, mprotect(EndOf(slot), PageSize, PROT_NONE));
    }

    /// <summary>Copies bytes to the very end of a slot.</summary>
    public byte* Place(ReadOnlySpan<byte> bytes, int slot = 0)
    {
        byte* start = Reserve(bytes.Length, slot);
        bytes.CopyTo(new Span<byte>(start, bytes.Length));
        return start;
    }

    /// <summary>Room for as many bytes at the very end of a slot.</summary>
    public byte* Reserve(int length, int slot = 0)
    {
        Assert.InRange(length, 0, SlotPages * PageSize);
        return EndOf(slot) - length;
    }

    public void Dispose() => Assert.Equal(0, munmap(_start, _length));

    private byte* EndOf(int slot) => _start + (((nint)slot * (SlotPages + 1)) + SlotPages) * PageSize;

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* mmap(byte* address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int mprotect(byte* address, nuint length, int protection);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(byte* address, nuint length);
}
