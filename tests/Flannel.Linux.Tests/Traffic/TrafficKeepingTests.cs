using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>
/// How rules come, stay and go: the same for both packet filters. The clock looks after ten minutes, so what is quicker is by notification.
/// </summary>
public sealed class TrafficKeepingTests
{
    private static readonly TrafficRange Earlier = new(IPNetwork.Parse("10.9.0.0/16"), IPNetwork.Parse("10.9.7.0/24"));

    public static TheoryData<PacketFilter> Filters => [PacketFilter.Iptables, PacketFilter.Nftables];

    private const string IptablesReorder =
        "iptables -t nat -D FLANNEL-POSTRTG 2; " +
        "iptables -t nat -A FLANNEL-POSTRTG -s 10.5.1.0/24 -d 10.5.0.0/16 -m comment --comment 'flanneld masq' -j RETURN";

    private const string NftablesReorder =
        "nft flush chain ip flannel-ipv4 forward; " +
        "nft add rule ip flannel-ipv4 forward ip daddr 10.5.0.0/16 accept; nft add rule ip flannel-ipv4 forward ip saddr 10.5.0.0/16 accept";

    public static TheoryData<PacketFilter, string> Damages => new()
    {
        { PacketFilter.Iptables, "iptables -t nat -F" },
        { PacketFilter.Iptables, "iptables -t nat -D FLANNEL-POSTRTG 3" },
        { PacketFilter.Iptables, "iptables -F FORWARD" },
        { PacketFilter.Iptables, "ip6tables -t nat -D POSTROUTING 1; ip6tables -t nat -F FLANNEL-POSTRTG; ip6tables -t nat -X FLANNEL-POSTRTG" },
        { PacketFilter.Iptables, "iptables -t nat -I FLANNEL-POSTRTG -j RETURN" },
        { PacketFilter.Iptables, IptablesReorder },
        { PacketFilter.Iptables, "iptables -I FORWARD -j FLANNEL-FWD" },
        { PacketFilter.Iptables, "nft flush ruleset" },
        { PacketFilter.Nftables, "nft flush ruleset" },
        { PacketFilter.Nftables, "nft delete table ip6 flannel-ipv6" },
        { PacketFilter.Nftables, "nft flush chain ip flannel-ipv4 postrtg" },
        { PacketFilter.Nftables, "nft insert rule ip flannel-ipv4 postrtg return" },
        { PacketFilter.Nftables, NftablesReorder },
        { PacketFilter.Nftables, "nft add chain ip flannel-ipv4 surprise" },
        { PacketFilter.Nftables, "nft delete chain ip flannel-ipv4 postrtg" },
    };

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task Keep_RulesThatAreRight_WritesNothing(PacketFilter filter)
    {
        await using var lab = OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true);
        await KeptRules.OnceAsync(filter, policy);
        string written = await KeptRules.AllAsync(host);

        await KeptRules.OnceAsync(filter, policy);

        Assert.Equal(written, await KeptRules.AllAsync(host));
        Assert.NotEmpty(await KeptRules.TextAsync(filter, host));
    }

    [NetnsTheory]
    [MemberData(nameof(Damages))]
    public async Task Keep_SomebodyChangesTheRules_PutsThemBack(PacketFilter filter, string damage)
    {
        await using var lab = OneHost(out LabHost host);
        await using KeptRules kept = await KeptRules.StartAsync(filter, TrafficPolicies.Policy(host.NamespaceName, dualStack: true));
        string right = await KeptRules.TextAsync(filter, host);

        await host.ExecAsync("sh", "-c", damage);

        await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(filter, host), right);
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task Keep_RulesOfAnEarlierNetwork_AreReplaced(PacketFilter filter)
    {
        await using var lab = OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName);
        await KeptRules.OnceAsync(filter, policy);
        string right = await KeptRules.TextAsync(filter, host);
        await KeptRules.OnceAsync(filter, policy with { Ranges = [Earlier, TrafficPolicies.IPv6] });
        Assert.Contains("10.9.7.0/24", await KeptRules.TextAsync(filter, host), StringComparison.Ordinal);
        Assert.Contains("fc00:5::/48", await KeptRules.TextAsync(filter, host), StringComparison.Ordinal);

        // What is wanted is there at once, and what is left over goes soon afterwards.
        await using KeptRules kept = await KeptRules.StartAsync(filter, policy);
        await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(filter, host), right);
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task Keep_LessThanBefore_RemovesWhatIsNotWanted(PacketFilter filter)
    {
        await using var lab = OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true);
        await KeptRules.OnceAsync(filter, policy with { Masquerade = false });
        string forwarding = await KeptRules.TextAsync(filter, host);
        Assert.Contains("10.5.0.0/16", forwarding, StringComparison.Ordinal);
        Assert.DoesNotContain("masq", forwarding, StringComparison.Ordinal);
        await KeptRules.OnceAsync(filter, policy);

        await using (KeptRules kept = await KeptRules.StartAsync(filter, policy with { Masquerade = false }))
            await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(filter, host), forwarding);
        await using (KeptRules kept = await KeptRules.StartAsync(filter, policy with { Masquerade = false, Forward = false }))
            await KeptRules.EventuallyAsync(() => KeptRules.TextAsync(filter, host), "");
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task Remove_TakesOwnRulesOfThisKindOnly(PacketFilter filter)
    {
        PacketFilter other = filter == PacketFilter.Iptables ? PacketFilter.Nftables : PacketFilter.Iptables;
        await using var lab = OneHost(out LabHost host);
        await AddForeignRulesAsync(host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true);
        await KeptRules.OnceAsync(other, policy);
        string before = await KeptRules.AllAsync(host);
        await KeptRules.OnceAsync(filter, policy);

        await KeptRules.Create(filter).RemoveAsync(policy with { Ranges = [Earlier] }, default);
        await KeptRules.Create(filter).RemoveAsync(policy, default);

        Assert.Equal(before, await KeptRules.AllAsync(host));
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task ForeignRules_StayAsTheyAre(PacketFilter filter)
    {
        await using var lab = OneHost(out LabHost host);
        await AddForeignRulesAsync(host);
        string before = await KeptRules.AllAsync(host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true);

        await using (KeptRules kept = await KeptRules.StartAsync(filter, policy))
        {
            HashSet<string> during = [.. (await KeptRules.AllAsync(host)).Split('\n')];
            Assert.Empty(before.Split('\n').Except(during));
        }

        await KeptRules.Create(filter).RemoveAsync(policy, default);
        Assert.Equal(before, await KeptRules.AllAsync(host));
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task NetworksOfDifferentNames_LiveSideBySide(PacketFilter filter)
    {
        await using var lab = OneHost(out LabHost host);
        TrafficPolicy one = TrafficPolicies.Policy(host.NamespaceName);
        TrafficPolicy other = TrafficPolicies.Policy(host.NamespaceName, name: "another network") with { Ranges = [Earlier] };
        await KeptRules.OnceAsync(filter, one);
        string alone = await KeptRules.TextAsync(filter, host);

        await using (KeptRules keptOne = await KeptRules.StartAsync(filter, one))
        await using (KeptRules keptOther = await KeptRules.StartAsync(filter, other))
        {
            string both = await KeptRules.TextAsync(filter, host);
            await host.ExecAsync("nft", "flush", "ruleset");
            await KeptRules.EventuallyAsync(async () => Sorted(await KeptRules.TextAsync(filter, host)), Sorted(both));
            Assert.Contains("10.9.7.0/24", both, StringComparison.Ordinal);
        }

        await KeptRules.Create(filter).RemoveAsync(other, default);
        Assert.Equal(alone, await KeptRules.TextAsync(filter, host));
    }

    [NetnsTheory]
    [MemberData(nameof(Filters))]
    public async Task Namespace_Missing_IsReported(PacketFilter filter)
    {
        await using KeptRules kept = KeptRules.Start(filter, TrafficPolicies.Policy("nowhere-at-all"));

        Assert.IsType<Flannel.NetworkNamespaceException>((await kept.NextAsync()).Problem);
    }

    internal static NetworkLab OneHost(out LabHost host)
    {
        var lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        host = lab.Hosts[0];
        return lab;
    }

    private static string Sorted(string text) => string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));

    // Somebody's firewall, near misses of our names included.
    private static Task<string> AddForeignRulesAsync(LabHost host) => host.ExecAsync(
        "sh",
        "-ce",
        """
        for p in iptables ip6tables; do
          $p -t nat -N FLANNEL-POSTRTG-X
          $p -t nat -A FLANNEL-POSTRTG-X -m comment --comment "flanneld masquerades" -j RETURN
          $p -t nat -A POSTROUTING -m comment --comment "not flanneld" -j FLANNEL-POSTRTG-X
          $p -A FORWARD -m mark --mark 0x1 -j ACCEPT
        done
        nft add table ip flannel-ipv4-x
        nft add table inet firewall
        nft 'add chain inet firewall forward { type filter hook forward priority 10; policy accept; }'
        nft add rule inet firewall forward ip saddr 10.5.0.0/16 accept
        """);
}
