using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Backends.Udp.Tests;

/// <summary>Seeds of random cases. FsCheck's own integers are small ones, a few hundred different in a whole run.</summary>
internal static class Seeds
{
    public static Arbitrary<int> Any { get; } = Gen.Choose(0, int.MaxValue).ToArbitrary();
}
