using System.Runtime.InteropServices;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>Memory outside the managed heap, zeroed and aligned to pages: it never moves, and the garbage collector does not look at it.</summary>
internal sealed unsafe class NativeBuffer : SafeBuffer
{
    private const nuint Alignment = 4096;

    /// <summary>Allocates memory.</summary>
    /// <param name="bytes">How much.</param>
    public NativeBuffer(int bytes)
        : base(ownsHandle: true)
    {
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
        NativeMemory.Clear(memory, (nuint)bytes);
        SetHandle((nint)memory);
        Initialize((ulong)bytes);
    }

    /// <summary>The first byte.</summary>
    public byte* Start => (byte*)handle;

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
