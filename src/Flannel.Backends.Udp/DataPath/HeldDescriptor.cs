using Flannel.Backends.Udp.Interop;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// Keeps a descriptor open while a thread uses its bare number, so that a system call per packet does not have to count references.
/// </summary>
internal readonly ref struct HeldDescriptor
{
    private readonly SafeFileDescriptor? _handle;

    /// <summary>Holds a descriptor; <see langword="null"/> stands for none, with the number -1, which poll(2) skips.</summary>
    public HeldDescriptor(SafeFileDescriptor? handle)
    {
        Number = -1;
        if (handle is null) return;
        bool isHeld = false;
        handle.DangerousAddRef(ref isHeld);
        _handle = handle;
        Number = (int)handle.DangerousGetHandle();
    }

    /// <summary>The number for system calls.</summary>
    public int Number { get; }

    public void Dispose() => _handle?.DangerousRelease();
}
