using Flannel.Extensibility;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Traffic;

namespace Flannel.Linux.Tests.Traffic;

[CollectionDefinition(nameof(TrafficLeakTests), DisableParallelization = true)]
public class TrafficLeakTests
{
    [Collection(nameof(TrafficLeakTests))]
    public class Alone
    {
        [NetnsTheory]
        [InlineData(PacketFilter.Iptables)]
        [InlineData(PacketFilter.Nftables)]
        public async Task KeepAndStop_ManyTimes_LeaksNothing(PacketFilter filter)
        {
            await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
            TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName) with { Blackhole = true };
            await KeptRules.OnceAsync(filter, policy);
            LeakCheck leaks = LeakCheck.Start();

            for (int i = 0; i < 10; i++)
            {
                await KeptRules.OnceAsync(filter, policy);
                await KeptRules.Create(filter).RemoveAsync(policy, default);
            }

            await leaks.AssertNoneAsync();
        }

        [Fact]
        public async Task Program_LeavesNoPipeToTheGarbageCollector()
        {
            var programs = new ProgramRunner("/bin:/usr/bin", TimeProvider.System);
            await RunAsync();
            Assert.True(GC.TryStartNoGCRegion(32 << 20));
            try
            {
                int before = Pipes();
                for (int i = 0; i < 5; i++) await RunAsync();
                Assert.Equal(before, Pipes());
            }
            finally
            {
                GC.EndNoGCRegion();
            }

            Task<ProgramResult> RunAsync() => programs.RunAsync(null, "cat", "coreutils", [], "text", default);

            static int Pipes() =>
                Directory.EnumerateFileSystemEntries("/proc/self/fd")
                    .Count(static path => new FileInfo(path).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);
        }
    }
}
