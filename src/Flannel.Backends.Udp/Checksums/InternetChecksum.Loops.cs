using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Flannel.Backends.Udp.Checksums;

// All loops add 32-bit words into 64-bit lanes, which cannot overflow below 2^32 words, and leave carries to the fold: 2^16 = 1 modulo 2^16 - 1.
internal static unsafe partial class InternetChecksum
{
    internal static ulong SumScalar(byte* data, int length)
    {
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

    internal static ulong SumVector128(byte* data, int length)
    {
        var mask = Vector128.Create((ulong)uint.MaxValue);
        Vector128<ulong> low = default, high = default;
        byte* end = data + length;
        for (; end - data >= Vector128<byte>.Count; data += Vector128<byte>.Count)
        {
            Vector128<ulong> words = Vector128.Load(data).AsUInt64();
            low += words & mask;
            high += words >>> 32;
        }

        return Vector128.Sum(low + high) + SumScalar(data, (int)(end - data));
    }

    internal static ulong SumVector256(byte* data, int length)
    {
        var mask = Vector256.Create((ulong)uint.MaxValue);
        Vector256<ulong> low = default, high = default;
        byte* end = data + length;
        for (; end - data >= Vector256<byte>.Count; data += Vector256<byte>.Count)
        {
            Vector256<ulong> words = Vector256.Load(data).AsUInt64();
            low += words & mask;
            high += words >>> 32;
        }

        return Vector256.Sum(low + high) + SumScalar(data, (int)(end - data));
    }

    internal static ulong SumVector512(byte* data, int length)
    {
        var mask = Vector512.Create((ulong)uint.MaxValue);
        Vector512<ulong> low = default, high = default;
        byte* end = data + length;
        for (; end - data >= Vector512<byte>.Count; data += Vector512<byte>.Count)
        {
            Vector512<ulong> words = Vector512.Load(data).AsUInt64();
            low += words & mask;
            high += words >>> 32;
        }

        return Vector512.Sum(low + high) + SumScalar(data, (int)(end - data));
    }
}
