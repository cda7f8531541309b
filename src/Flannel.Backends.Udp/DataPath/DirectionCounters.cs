using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>What all threads of one direction did, over all data paths that there were.</summary>
/// <param name="pairs">How many pairs of threads there are.</param>
internal sealed class DirectionCounters(int pairs)
{
    /// <summary>Each thread's own.</summary>
    public IReadOnlyList<ThreadCounters> Threads { get; } = [.. Enumerable.Range(0, pairs).Select(static pair => new ThreadCounters(pair))];

    /// <inheritdoc cref="ThreadCounters.Packets"/>
    public long Packets => Threads.Sum(static thread => Volatile.Read(ref thread.Packets));

    /// <inheritdoc cref="ThreadCounters.Bytes"/>
    public long Bytes => Threads.Sum(static thread => Volatile.Read(ref thread.Bytes));

    /// <inheritdoc cref="ThreadCounters.Reads"/>
    public long Reads => Threads.Sum(static thread => Volatile.Read(ref thread.Reads));

    /// <inheritdoc cref="ThreadCounters.Writes"/>
    public long Writes => Threads.Sum(static thread => Volatile.Read(ref thread.Writes));

    /// <inheritdoc cref="ThreadCounters.AllocatedBytes"/>
    public long AllocatedBytes => Threads.Sum(static thread => thread.AllocatedBytes);

    /// <inheritdoc cref="ThreadCounters.DropsOf"/>
    public long DropsOf(PacketDrop reason) => Threads.Sum(thread => thread.DropsOf(reason));
}
