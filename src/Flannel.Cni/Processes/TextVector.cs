using System.Runtime.InteropServices;

namespace Flannel.Cni.Processes;

/// <summary>Texts as C programs get them: pointers to text that ends with a zero, the last pointer null.</summary>
internal sealed unsafe class TextVector : IDisposable
{
    private readonly int _count;

    public TextVector(IReadOnlyList<string> texts)
    {
        _count = texts.Count;
        Pointer = (byte**)NativeMemory.AllocZeroed((nuint)_count + 1, (nuint)sizeof(byte*));
        for (int index = 0; index < _count; index++) Pointer[index] = (byte*)Marshal.StringToCoTaskMemUTF8(texts[index]);
    }

    public byte** Pointer { get; }

    public byte* this[int index] => Pointer[index];

    public void Dispose()
    {
        for (int index = 0; index < _count; index++) Marshal.FreeCoTaskMem((nint)Pointer[index]);
        NativeMemory.Free(Pointer);
    }
}
