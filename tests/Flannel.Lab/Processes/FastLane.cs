using Xunit;

namespace Flannel.Lab.Processes;

/// <summary>
/// <c>./build.sh test --fast</c> leaves out what needs more than this process: namespaces, an etcd, commands of the SDK. Such tests skip themselves
/// by this class, so that new ones do it, too.
/// </summary>
public static class FastLane
{
    /// <summary>Why tests that need more are skipped; <see langword="null"/> in a full run.</summary>
    public static string? Obstacle { get; } =
        Environment.GetEnvironmentVariable("FLANNEL_TEST_FAST") is null or "" ? null : "left to the full run (FLANNEL_TEST_FAST is set)";

    /// <summary>Skips the calling test, which must be a <c>[SkippableFact]</c>, unless this is a full run.</summary>
    public static void LeaveToFullRun() => Skip.If(Obstacle is not null, Obstacle);
}
