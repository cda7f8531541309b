using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>What only nftables has: programs that understand less, or spell differently, than the one the text was taken from.</summary>
public sealed class NftablesRulesTests
{
    private const PacketFilter Nftables = PacketFilter.Nftables;

    [NetnsFact]
    public async Task Keep_FlannelsOwnTable_IsTakenOver()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await KeptRules.OnceAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName));
        string right = await KeptRules.TextAsync(Nftables, host);
        await host.ExecAsync("nft", "flush", "ruleset");
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

        await KeptRules.OnceAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName));

        Assert.Equal(right, await KeptRules.TextAsync(Nftables, host));
    }

    [NetnsFact]
    public async Task ReleaseThatSpellsDifferently_WritesOnceAndStillSeesDamage()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        using var programs = new FakePrograms();
        programs.Write(
            "nft",
            """
            if [ "$2" = list ]; then count; /usr/sbin/nft "$@" | sed 's/0x00004000/16384/g'; else exec /usr/sbin/nft "$@"; fi
            """);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName) with { ResyncInterval = TimeSpan.FromMilliseconds(50) };
        await using KeptRules kept = await KeptRules.StartAsync(Nftables, policy, programs.SearchPath);
        string written = await KeptRules.AllAsync(host);
        string right = await KeptRules.TextAsync(Nftables, host);

        int looks = programs.Count;
        await KeptRules.EventuallyAsync(() => Task.FromResult($"{programs.Count >= looks + 6}"), "True");
        Assert.Equal(written, await KeptRules.AllAsync(host));
        await host.ExecAsync("nft", "flush", "chain", "ip", "flannel-ipv4", "postrtg");

        await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(Nftables, host), right);
    }

    [NetnsFact]
    public async Task ReleaseWithoutCommentsAndRandomPorts_GetsRulesWithoutThem()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        using var programs = new FakePrograms();
        programs.Write(
            "nft",
            """
            case "$*" in
              *-f*) input="$(cat)"
                case "$input" in *comment* | *fully-random*) echo 'syntax error' >&2; exit 1;; esac
                echo "$input" | /usr/sbin/nft "$@";;
              *) exec /usr/sbin/nft "$@";;
            esac
            """);

        await KeptRules.OnceAsync(Nftables, TrafficPolicies.Policy(host.NamespaceName), programs.SearchPath);

        string rules = await KeptRules.TextAsync(Nftables, host);
        Assert.Contains("ip daddr 10.5.0.0/16 masquerade\n", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("comment", rules, StringComparison.Ordinal);
    }
}
