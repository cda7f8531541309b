using System.Diagnostics;
using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Traffic;
using Flannel.Netlink.Netfilter.Rules;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>What only nftables has: flannel's own text, character for character as nft lists it, so that either takes over from the other.</summary>
public sealed class NftablesRulesTests
{
    private const PacketFilter Nftables = PacketFilter.Nftables;

    // Those of flannel, by nft.
    private const string TableOfFlannel =
        """
        table ip flannel-ipv4 {
        	comment "rules for flannel-ipv4"
        	chain forward {
        		comment "chain to accept flannel traffic"
        		type filter hook forward priority filter; policy accept;
        		ip saddr 10.5.0.0/16 accept
        		ip daddr 10.5.0.0/16 accept
        	}

        	chain postrtg {
        		comment "chain to manage traffic masquerading by flannel"
        		type nat hook postrouting priority srcnat; policy accept;
        		meta mark & 0x00004000 == 0x00004000 return
        		ip saddr 10.5.1.0/24 ip daddr 10.5.0.0/16 return
        		ip saddr 10.5.0.0/16 ip daddr 10.5.1.0/24 return
        		ip saddr != 10.5.0.0/16 ip daddr 10.5.1.0/24 return
        		ip saddr 10.5.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
        		ip saddr != 10.5.0.0/16 ip daddr 10.5.0.0/16 masquerade fully-random
        	}
        }

        """;

    [NetnsFact]
    public async Task Keep_BothFamilies_IsFlannelsTextWithItsFaultsMended()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);

        await KeptRules.OnceAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName, dualStack: true));

        Assert.Equal(
            TableOfFlannel +
            """
            table ip6 flannel-ipv6 {
            	comment "rules for flannel-ipv6"
            	chain forward {
            		comment "chain to accept flannel traffic"
            		type filter hook forward priority filter; policy accept;
            		ip6 saddr fc00:5::/48 accept
            		ip6 daddr fc00:5::/48 accept
            	}

            	chain postrtg {
            		comment "chain to manage traffic masquerading by flannel"
            		type nat hook postrouting priority srcnat; policy accept;
            		meta mark & 0x00004000 == 0x00004000 return
            		ip6 saddr fc00:5:0:1::/64 ip6 daddr fc00:5::/48 return
            		ip6 saddr fc00:5::/48 ip6 daddr fc00:5:0:1::/64 return
            		ip6 saddr != fc00:5::/48 ip6 daddr fc00:5:0:1::/64 return
            		ip6 saddr fc00:5::/48 ip6 daddr != ff00::/8 masquerade fully-random
            		ip6 saddr != fc00:5::/48 ip6 daddr fc00:5::/48 masquerade fully-random
            	}
            }

            """,
            await KeptRules.TextAsync(Nftables, host));
    }

    [NetnsFact]
    public async Task Keep_AnyExclusions_StandBeforeMasqueradingAndConcernContainersOnly()
    {
        string[] exclusions = [
            "10.0.0.0/8",
            "192.0.2.1/32",
            "192.0.2.0/31",
            "198.51.100.0/22",
            "0.0.0.0/0",
            "2001:db8::/32",
            "2001:db8::/49",
            "2001:db8::1/128",
            "10.0.0.0/8",
        ];
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true) with
        {
            Forward = false,
            RandomFully = false,
            MasqueradeExclusions = [.. exclusions.Select(IPNetwork.Parse)],
        };

        await KeptRules.OnceAsync(Nftables, policy);

        string[] lines = RuleListing.Lines(await KeptRules.TextAsync(Nftables, host));
        Assert.Equal(
            [
                "ip saddr != 10.5.0.0/16 ip daddr 10.5.1.0/24 return",
                "ip saddr 10.5.0.0/16 ip daddr 10.0.0.0/8 return",
                "ip saddr 10.5.0.0/16 ip daddr 192.0.2.1 return",
                "ip saddr 10.5.0.0/16 ip daddr 192.0.2.0/31 return",
                "ip saddr 10.5.0.0/16 ip daddr 198.51.100.0/22 return",
                "ip saddr 10.5.0.0/16 ip daddr 0.0.0.0/0 return",
                "ip saddr 10.5.0.0/16 ip daddr != 224.0.0.0/4 masquerade",
            ],
            lines[8..15]);
        Assert.Equal(
            [
                "ip6 saddr fc00:5::/48 ip6 daddr 2001:db8::/32 return",
                "ip6 saddr fc00:5::/48 ip6 daddr 2001:db8::/49 return",
                "ip6 saddr fc00:5::/48 ip6 daddr 2001:db8::1 return",
            ],
            lines.Where(line => line.Contains("2001:db8", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, line => line.Contains("chain forward", StringComparison.Ordinal));
    }

    /// <summary>So that going from one program to the other writes nothing, and neither does going back.</summary>
    [NetnsFact]
    public async Task Keep_SameTableByNft_WritesNothing()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await host.ExecAsync("nft", TableOfFlannel);
        string before = await KeptRules.AllAsync(host);

        await KeptRules.OnceAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName));

        Assert.Equal(before, await KeptRules.AllAsync(host));
    }

    [NetnsFact]
    public async Task Keep_FlannelsOwnTable_IsTakenOver()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await host.ExecAsync(
            "nft",
            """
            table ip flannel-ipv4 {
              comment "rules for flannel-ipv4"
              chain postrtg {
                comment "chain to manage traffic masquerading by flannel"
                type nat hook postrouting priority srcnat; policy accept;
                meta mark 0x00004000 return
                ip saddr != 10.5.1.0/24 ip daddr 10.5.0.0/16 return
              }
            }
            table ip6 flannel-ipv6 {
              comment "rules for flannel-ipv6"
            }
            """);

        await using KeptRules kept = await KeptRules.StartAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName));
        await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(Nftables, host), TableOfFlannel);
    }

    [NetnsTheory]
    [InlineData("add set ip flannel-ipv4 surprise { type ipv4_addr; }", "table ip flannel-ipv4 also had 'set surprise'")]
    [InlineData("add counter ip flannel-ipv4 surprise", "table ip flannel-ipv4 also had 'counter surprise'")]
    [InlineData("add chain ip flannel-ipv4 surprise", "table ip flannel-ipv4 also had 'chain surprise'")]
    [InlineData("insert rule ip flannel-ipv4 forward tcp dport 80 drop", "table ip flannel-ipv4 also had 'a rule in forward, handle 11'")]
    [InlineData("add rule ip flannel-ipv4 forward ip saddr 10.5.0.0/16 accept", "table ip flannel-ipv4 had its rules repeated or out of order")]
    [InlineData("delete rule ip flannel-ipv4 postrtg handle 7", "table ip flannel-ipv4 lacked 'ip saddr 10.5.0.0/16 ip daddr 10.5.1.0/24 return'")]
    [InlineData(
        "chain ip flannel-ipv4 forward { policy drop; }",
        "table ip flannel-ipv4 had 'chain forward of type Filter, hook Forward, priority 0, policy drop' instead of 'chain forward of type " +
        "Filter, hook Forward, priority 0, policy accept'")]
    [InlineData("add table ip flannel-ipv4 { flags dormant; }", "table ip flannel-ipv4 also had 'flags dormant'")]
    [InlineData("delete table ip flannel-ipv4", "table ip flannel-ipv4 was missing")]
    [SupportedOSPlatform("linux")]
    public async Task Repair_SaysWhatWasWrong(string damage, string said)
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        var rules = new NftablesRuleSet(TrafficPolicies.Policy(host.NamespaceName));
        Assert.Equal(["table ip flannel-ipv4 was missing"], await rules.RepairAsync(default));
        Assert.Empty(await rules.RepairAsync(default));
        await host.ExecAsync("nft", damage);

        IReadOnlyList<string> repaired = await rules.RepairAsync(default);

        Assert.Equal([said], repaired);
        Assert.Equal(TableOfFlannel, await KeptRules.TextAsync(Nftables, host));
        Assert.Empty(await rules.RepairAsync(default));
    }

    /// <summary>A flag that this kernel does not know either is refused as the one for random ports is by kernels before 3.14.</summary>
    [NetnsFact]
    [SupportedOSPlatform("linux")]
    public async Task KernelWithoutRandomPorts_GetsRulesWithoutThem()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        var rules = new NftablesRuleSet(TrafficPolicies.Policy(host.NamespaceName), randomPorts: (NftMasqueradeFlags)0x1000);

        Assert.Single(await rules.RepairAsync(default));

        Assert.Equal(TableOfFlannel.Replace(" fully-random", "", StringComparison.Ordinal), await KeptRules.TextAsync(Nftables, host));
        Assert.Empty(await rules.RepairAsync(default));
    }

    /// <summary>Before 5.10 tables and chains lose their comments.</summary>
    [NetnsFact]
    [SupportedOSPlatform("linux")]
    public async Task KernelThatTellsLess_IsWrittenToOnceAndDamageIsStillSeen()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        var rules = new NftablesRuleSet(
            TrafficPolicies.Policy(host.NamespaceName),
            read: static (nftables, table) => NftablesState.Read(nftables, table) is { } state
                ? state with
                {
                    Table = state.Table with { Comment = null },
                    Chains = [.. state.Chains.Select(chain => chain with { Comment = null })],
                }
                : null);
        Assert.Single(await rules.RepairAsync(default));
        string written = await KeptRules.AllAsync(host);

        Assert.Empty(await rules.RepairAsync(default));
        Assert.Equal(written, await KeptRules.AllAsync(host));
        await host.ExecAsync("nft", "flush chain ip flannel-ipv4 postrtg");

        Assert.Single(await rules.RepairAsync(default));
        Assert.Equal(TableOfFlannel, await KeptRules.TextAsync(Nftables, host));
        Assert.Empty(await rules.RepairAsync(default));
    }

    [NetnsFact]
    public async Task TableThatAnotherProcessOwns_IsReportedAndTriedAgainUntilItIsFree()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        var start = new ProcessStartInfo(
            "ip", ["netns", "exec", host.NamespaceName, "nft", "-i"])
        { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process owner = Process.Start(start)!;
        await owner.StandardInput.WriteLineAsync("add table ip flannel-ipv4 { flags owner; }");
        await owner.StandardInput.FlushAsync();
        await KeptRules.EventuallyAsync(
            async () => $"{(await KeptRules.TextAsync(Nftables, host)).Contains("flags owner", StringComparison.Ordinal)}", "True");
        await using KeptRules kept = KeptRules.Start(Nftables, TrafficPolicies.Policy(host.NamespaceName));

        var problem = Assert.IsType<TrafficRulesException>((await kept.NextAsync()).Problem);
        owner.StandardInput.Close();
        await owner.WaitForExitAsync();

        Assert.StartsWith(
            "The nftables rules of the network cannot be kept: NFT_MSG_NEWTABLE ip flannel-ipv4: EPERM; another process owns the table",
            problem.Message,
            StringComparison.Ordinal);
        Assert.Null((await kept.NextAsync()).Problem);
        Assert.Equal(TableOfFlannel, await KeptRules.TextAsync(Nftables, host));
    }

    [NetnsFact]
    public async Task WithoutTheProgram_RulesAreKeptAndRemoved()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName);

        await KeptRules.OnceAsync(Nftables, policy, searchPath: "/nonexistent");
        string kept = await KeptRules.TextAsync(Nftables, host);
        await KeptRules.Create(Nftables, searchPath: "/nonexistent").RemoveAsync(policy, default);

        Assert.Equal(TableOfFlannel, kept);
        Assert.Empty(await KeptRules.TextAsync(Nftables, host));
    }
}
