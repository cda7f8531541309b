using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Flannel.Backends.Udp.Checksums;

namespace Flannel.Backends.Udp.Tests.Checksums.Published;

/// <summary>
/// Writes a line for each loop that this processor can run: its name, its best rate in GB/s, and a digest of its sums, which is the same for all. A
/// test makes it a native program.
/// </summary>
internal static unsafe class Program
{
    private const int Length = 16384;
    private const int Rounds = 500;

    private static void Main()
    {
        byte* data = (byte*)NativeMemory.Alloc(Length + 1);
        new Random(1).NextBytes(new Span<byte>(data, Length + 1));
        Report("Sum", &InternetChecksum.Sum, data);
        Report("Scalar", &InternetChecksum.SumScalar, data);
        if (Sse2.IsSupported) Report("Sse2", &InternetChecksum.SumSse2, data);
        if (Avx2.IsSupported) Report("Avx2", &InternetChecksum.SumAvx2, data);
        if (AdvSimd.IsSupported) Report("AdvSimd", &InternetChecksum.SumAdvSimd, data);
        NativeMemory.Free(data);
    }

    private static void Report(string name, delegate*<byte*, int, ulong> sum, byte* data)
    {
        double best = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int repeat = 0; repeat < 10; repeat++) sum(data, Length);
            best = Math.Max(best, 10 * Length / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e9);
        }

        uint digest = 0;
        for (int offset = 0; offset < 2; offset++)
        {
            for (int length = 0; length <= 1500; length++) digest = (digest * 31) + InternetChecksum.Fold(sum(data + offset, length));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {best:F2} {digest:x8}"));
    }
}
