using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Flannel.Backends.Udp.Checksums;

// Each instruction set has a different instruction that adds neighbouring words into lanes of twice the width, which Vector128 and the like do not
// offer. Four sums at a time, because one would wait for itself. In a native program for any x86-64 processor, Avx2.IsSupported is constantly false
// (with a baseline that has AVX the check is made at run time); the SSE2 loop is no bottleneck there.
internal static unsafe partial class InternetChecksum
{
    // A lane grows by at most 2^17 with each step of 16 bytes.
    private const int LongestVectorLoop = 1 << 18;

    internal static ulong SumScalar(byte* data, int length)
    {
        // 32-bit words into 64-bit sums, which cannot overflow below 2^32 words, leave carries to the fold: 2^16 = 1 modulo 2^16 - 1.
        ulong low = 0, high = 0;
        byte* end = data + length;
        for (; end - data >= sizeof(ulong); data += sizeof(ulong))
        {
            ulong word = Unsafe.ReadUnaligned<ulong>(data);
            low += (uint)word;
            high += word >> 32;
        }

        ulong sum = low + high;
        if ((length & sizeof(uint)) != 0)
        {
            sum += Unsafe.ReadUnaligned<uint>(data);
            data += sizeof(uint);
        }

        if ((length & sizeof(ushort)) != 0)
        {
            sum += Unsafe.ReadUnaligned<ushort>(data);
            data += sizeof(ushort);
        }

        if ((length & 1) != 0)
            sum += BitConverter.IsLittleEndian ? *data : (uint)*data << 8;
        return sum;
    }

    internal static ulong SumSse2(byte* data, int length)
    {
        const int Step = 64;
        var bias = Vector128.Create((ushort)SignBit);
        Vector128<short> ones = Vector128<short>.One;
        Vector128<int> a = default, b = default, c = default, d = default;
        byte* start = data;
        for (byte* last = data + length - Step; data <= last; data += Step)
        {
            a += Sse2.MultiplyAddAdjacent((Vector128.Load((ushort*)data) ^ bias).AsInt16(), ones);
            b += Sse2.MultiplyAddAdjacent((Vector128.Load((ushort*)(data + 16)) ^ bias).AsInt16(), ones);
            c += Sse2.MultiplyAddAdjacent((Vector128.Load((ushort*)(data + 32)) ^ bias).AsInt16(), ones);
            d += Sse2.MultiplyAddAdjacent((Vector128.Load((ushort*)(data + 48)) ^ bias).AsInt16(), ones);
        }

        a += b + c + d;
        return Unbias((long)a[0] + a[1] + a[2] + a[3], data - start) + SumScalar(data, (int)(start + length - data));
    }

    internal static ulong SumAvx2(byte* data, int length)
    {
        const int Step = 128;
        var bias = Vector256.Create((ushort)SignBit);
        var ones = Vector256.Create((short)1);
        Vector256<int> a = default, b = default, c = default, d = default;
        byte* start = data;
        for (byte* last = data + length - Step; data <= last; data += Step)
        {
            a = Avx2.Add(a, Avx2.MultiplyAddAdjacent(Avx2.Xor(Avx.LoadVector256((ushort*)data), bias).AsInt16(), ones));
            b = Avx2.Add(b, Avx2.MultiplyAddAdjacent(Avx2.Xor(Avx.LoadVector256((ushort*)(data + 32)), bias).AsInt16(), ones));
            c = Avx2.Add(c, Avx2.MultiplyAddAdjacent(Avx2.Xor(Avx.LoadVector256((ushort*)(data + 64)), bias).AsInt16(), ones));
            d = Avx2.Add(d, Avx2.MultiplyAddAdjacent(Avx2.Xor(Avx.LoadVector256((ushort*)(data + 96)), bias).AsInt16(), ones));
        }

        a = Avx2.Add(Avx2.Add(a, b), Avx2.Add(c, d));
        Vector128<int> sum = Sse2.Add(a.GetLower(), a.GetUpper());
        return Unbias((long)sum[0] + sum[1] + sum[2] + sum[3], data - start) + SumScalar(data, (int)(start + length - data));
    }

    internal static ulong SumAdvSimd(byte* data, int length)
    {
        const int Step = 64;
        Vector128<uint> a = default, b = default, c = default, d = default;
        byte* start = data;
        for (byte* last = data + length - Step; data <= last; data += Step)
        {
            a = AdvSimd.AddPairwiseWideningAndAdd(a, Vector128.Load((ushort*)data));
            b = AdvSimd.AddPairwiseWideningAndAdd(b, Vector128.Load((ushort*)(data + 16)));
            c = AdvSimd.AddPairwiseWideningAndAdd(c, Vector128.Load((ushort*)(data + 32)));
            d = AdvSimd.AddPairwiseWideningAndAdd(d, Vector128.Load((ushort*)(data + 48)));
        }

        a += b + c + d;
        return (ulong)a[0] + a[1] + a[2] + a[3] + SumScalar(data, (int)(start + length - data));
    }

    // x86 multiplies and adds signed words only: each has been made smaller by 2^15.
    private const int SignBit = 0x8000;

    private static ulong Unbias(long sum, long bytes) => (ulong)(sum + (bytes / sizeof(ushort) * SignBit));
}
