using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Numerics;
using Flannel.Core.Addressing;

namespace Flannel.Core.Leases.Allocation;

/// <summary>Draws from the subnets of one address family, exactly uniformly whatever the pool's size and however little is free.</summary>
internal static class SubnetPool
{
    /// <summary>Up to this many subnets a pool is drawn from by a bitmap (128 KiB), beyond that by sorted intervals.</summary>
    private const int BitmapLimit = 1 << 20;

    /// <summary>Draws a free subnet.</summary>
    /// <param name="pool">The pool.</param>
    /// <param name="taken">The keys that hold what is taken, of any length.</param>
    /// <param name="shortest">Shorter prefixes than this block nothing.</param>
    /// <param name="random">The source of random numbers.</param>
    /// <returns>The subnet, or <see langword="null"/> if none is free.</returns>
    public static Subnet? Draw(SubnetRange pool, ReadOnlySpan<SubnetKey> taken, int shortest, Random random)
    {
        UInt128? drawn = pool.Count <= BitmapLimit ? DrawByBitmap(pool, taken, shortest, random) : DrawByIntervals(pool, taken, shortest, random);
        return drawn is { } index ? pool[index] : null;
    }

    private static UInt128? DrawByBitmap(SubnetRange pool, ReadOnlySpan<SubnetKey> taken, int shortest, Random random)
    {
        int count = (int)pool.Count;
        int length = (count + 63) / 64;
        ulong[] rented = ArrayPool<ulong>.Shared.Rent(length);
        try
        {
            Span<ulong> words = rented.AsSpan(0, length);
            words.Clear();
            if (count % 64 != 0)
                words[^1] = ulong.MaxValue << (count % 64);
            Fill(words, pool, taken, shortest);
            int free = 0;
            foreach (ulong word in words)
                free += BitOperations.PopCount(~word);
            return free == 0 ? null : (UInt128)FindZero(words, random.Next(free));
        }
        finally
        {
            ArrayPool<ulong>.Shared.Return(rented);
        }
    }

    private static void Fill(Span<ulong> words, SubnetRange pool, ReadOnlySpan<SubnetKey> taken, int shortest)
    {
        AddressFamily family = pool.First.Family;
        UInt128 start = pool.First.First;
        uint count = (uint)pool.Count;
        int hostBits = pool.First.HostBits;
        int usual = pool.PrefixLength;
        foreach (ref readonly SubnetKey key in taken)
        {
            if (!key.TryGetSubnet(family, out UInt128 address, out int length) || length < shortest)
                continue;

            if (length == usual)
            {
                // Below the start the difference wraps around and is far beyond the end.
                ulong index = Shift(address - start, hostBits);
                if (index < count)
                    words[(int)(index / 64)] |= 1ul << (int)(index % 64);
            }
            else if (pool.TryGetOverlap(new Subnet(address, length, family), out UInt128 first, out UInt128 last))
            {
                SetBits(words, (int)first, (int)last);
            }
        }
    }

    // UInt128's own shift is too slow for very many keys. Subnets have 1 to 126 host bits; what does not fit 64 bits is far beyond the end.
    private static ulong Shift(UInt128 value, int by)
    {
        ulong high = (ulong)(value >> 64);
        if (by >= 64)
            return high >> (by - 64);
        return high >> by != 0 ? ulong.MaxValue : (high << (64 - by)) | ((ulong)value >> by);
    }

    private static void SetBits(Span<ulong> words, int first, int last)
    {
        ulong head = ulong.MaxValue << (first % 64);
        ulong tail = ulong.MaxValue >> (63 - (last % 64));
        if (first / 64 == last / 64)
        {
            words[first / 64] |= head & tail;
            return;
        }

        words[first / 64] |= head;
        words[((first / 64) + 1)..(last / 64)].Fill(ulong.MaxValue);
        words[last / 64] |= tail;
    }

    private static int FindZero(ReadOnlySpan<ulong> words, int rank)
    {
        int index = 0;
        for (int here = BitOperations.PopCount(~words[0]); rank >= here; here = BitOperations.PopCount(~words[index]))
        {
            rank -= here;
            index++;
        }

        ulong zeros = ~words[index];
        for (; rank > 0; rank--)
            zeros &= zeros - 1;
        return (index * 64) + BitOperations.TrailingZeroCount(zeros);
    }

    private static UInt128? DrawByIntervals(SubnetRange pool, ReadOnlySpan<SubnetKey> taken, int shortest, Random random)
    {
        List<(UInt128 First, UInt128 Last)> blocked = Merge(pool, taken, shortest);
        UInt128 free = pool.Count;
        foreach ((UInt128 first, UInt128 last) in blocked)
            free -= last - first + 1;
        if (free == 0)
            return null;

        UInt128 index = Next(random, free);
        foreach ((UInt128 first, UInt128 last) in blocked)
        {
            if (index < first)
                break;
            index += last - first + 1;
        }

        return index;
    }

    private static List<(UInt128 First, UInt128 Last)> Merge(SubnetRange pool, ReadOnlySpan<SubnetKey> taken, int shortest)
    {
        var intervals = new List<(UInt128 First, UInt128 Last)>(taken.Length);
        AddressFamily family = pool.First.Family;
        foreach (ref readonly SubnetKey key in taken)
        {
            if (key.TryGetSubnet(family, out UInt128 address, out int length)
                && length >= shortest
                && pool.TryGetOverlap(new Subnet(address, length, family), out UInt128 first, out UInt128 last))
            {
                intervals.Add((first, last));
            }
        }

        intervals.Sort(static (left, right) => left.First.CompareTo(right.First));
        var merged = new List<(UInt128 First, UInt128 Last)>(intervals.Count);
        foreach ((UInt128 first, UInt128 last) in intervals)
        {
            if (merged.Count > 0 && first <= merged[^1].Last)
                merged[^1] = (merged[^1].First, UInt128.Max(last, merged[^1].Last));
            else
                merged.Add((first, last));
        }

        return merged;
    }

    private static UInt128 Next(Random random, UInt128 bound)
    {
        Span<byte> bytes = stackalloc byte[16];
        int unused = (int)UInt128.LeadingZeroCount(bound - 1);
        while (true)
        {
            random.NextBytes(bytes);
            // A shift by 128 would be a shift by 0.
            UInt128 drawn = unused == 128 ? 0 : BinaryPrimitives.ReadUInt128BigEndian(bytes) >> unused;
            if (drawn < bound)
                return drawn;
        }
    }
}
