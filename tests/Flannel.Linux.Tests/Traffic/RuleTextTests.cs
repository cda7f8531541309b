using System.Net;
using System.Net.Sockets;
using Flannel.Extensibility;
using Flannel.Linux.Traffic;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>The rules of the default network, character for character: flannel's own text, so that either takes over from the other.</summary>
public sealed class RuleTextTests
{
    [Fact]
    public void Iptables_IPv4_IsFlannelsText()
    {
        IReadOnlyList<IptablesChain> chains = IptablesChain.All(TrafficPolicies.Policy());

        Assert.Equal(
            """
            *nat
            :FLANNEL-POSTRTG - [0:0]
            -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.5.1.0/24 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.5.0.0/16 -d 10.5.1.0/24 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.1.0/24 -m comment --comment "flanneld masq" -j RETURN
            -A FLANNEL-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            -A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            COMMIT

            """,
            chains[0].Replacement(rewrite: true, parentRules: [], randomFully: true));
        Assert.Equal(
            """
            *filter
            :FLANNEL-FWD - [0:0]
            -A FLANNEL-FWD -s 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            -A FLANNEL-FWD -d 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            COMMIT

            """,
            chains[1].Replacement(rewrite: true, parentRules: [], randomFully: true));
        Assert.All(chains, chain => Assert.Equal(chain.Family == AddressFamily.InterNetwork, chain.IsWanted));
    }

    [Fact]
    public void Iptables_IPv6_IsFlannelsText()
    {
        IReadOnlyList<IptablesChain> chains = IptablesChain.All(TrafficPolicies.Policy(dualStack: true));

        Assert.Equal(
            [
                "-N FLANNEL-POSTRTG",
                "-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s fc00:5:0:1::/64 -d fc00:5::/48 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s fc00:5::/48 -d fc00:5:0:1::/64 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG ! -s fc00:5::/48 -d fc00:5:0:1::/64 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s fc00:5::/48 ! -d ff00::/8 -m comment --comment \"flanneld masq\" -j MASQUERADE",
                "-A FLANNEL-POSTRTG ! -s fc00:5::/48 -d fc00:5::/48 -m comment --comment \"flanneld masq\" -j MASQUERADE",
            ],
            chains[2].Listing(randomFully: false));
    }

    [Fact]
    public void Exclusions_StandBeforeMasqueradingAndConcernContainersOnly()
    {
        TrafficPolicy policy = TrafficPolicies.Policy(dualStack: true) with
        {
            Forward = false,
            MasqueradeExclusions = [.. new[] { "10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32", "10.0.0.0/8" }.Select(IPNetwork.Parse)],
        };

        Assert.Equal(
            [
                "-A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.1.0/24 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.5.0.0/16 -d 10.0.0.0/8 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.5.0.0/16 -d 192.0.2.1/32 -m comment --comment \"flanneld masq\" -j RETURN",
                "-A FLANNEL-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -m comment --comment \"flanneld masq\" -j MASQUERADE --random-fully",
            ],
            IptablesChain.All(policy)[0].Listing(randomFully: true)[4..8]);
    }

    [Fact]
    public void Jumps_BesideTheOneThatShallBe_AreDeleted()
    {
        IptablesChain chain = IptablesChain.All(TrafficPolicies.Policy())[0];
        string[] parent =
        [
            "-P POSTROUTING ACCEPT",
            chain.Jump,
            "-A POSTROUTING -j FLANNEL-POSTRTG",
            "-A POSTROUTING -s 10.4.0.0/16 ! -d 224.0.0.0/4 -m comment --comment \"flanneld masq\" -j MASQUERADE",
            "-A POSTROUTING -m comment --comment \"flanneld masq blue\" -j FLANNEL-POSTRTG-BLUE",
            "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
            chain.Jump,
        ];

        Assert.Equal(
            """
            *nat
            -D POSTROUTING -j FLANNEL-POSTRTG
            -D POSTROUTING -s 10.4.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE
            -D POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            COMMIT

            """,
            chain.Replacement(rewrite: false, parent, randomFully: true));
    }
}
