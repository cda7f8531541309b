namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// The off-loads in use. What the kernel refuses while packets flow is given up, for good and once: the thread that finds out takes it away and tells
/// the control plane, which says so.
/// </summary>
/// <param name="initial">What was asked for and agreed to.</param>
/// <param name="onGivenUp">Called by a thread of the data path, at most once per off-load.</param>
internal sealed class OffloadState(UdpOffloads initial, Action onGivenUp)
{
    private int _current = (int)initial;
    private int _lastErrno;

    /// <summary>What is in use now.</summary>
    public UdpOffloads Current => (UdpOffloads)Volatile.Read(ref _current);

    /// <summary>The error that the last one was given up for; 0 if none was.</summary>
    public int LastErrno => Volatile.Read(ref _lastErrno);

    /// <summary>Whether an off-load is in use.</summary>
    public bool Has(UdpOffloads offload) => (_current & (int)offload) != 0;

    /// <summary>Gives up an off-load.</summary>
    /// <param name="offload">Which.</param>
    /// <param name="errno">What the kernel said.</param>
    public void GiveUp(UdpOffloads offload, int errno)
    {
        if (!Has(offload)) return;
        Interlocked.And(ref _current, ~(int)offload);
        Volatile.Write(ref _lastErrno, errno);
        onGivenUp();
    }
}
