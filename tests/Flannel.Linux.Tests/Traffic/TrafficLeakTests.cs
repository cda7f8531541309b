using Flannel.Extensibility;
using Flannel.Lab.Leaks;
using Flannel.Lab.Namespaces;

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
    }
}
