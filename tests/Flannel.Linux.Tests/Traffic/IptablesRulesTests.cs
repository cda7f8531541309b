using Flannel.Extensibility;
using Flannel.Lab.Namespaces;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>What only iptables has: older releases' rules, positions of jumps, two backends.</summary>
public sealed class IptablesRulesTests
{
    private const PacketFilter Iptables = PacketFilter.Iptables;

    [NetnsFact]
    public async Task Keep_AfterFlannel0202_TakesOver()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await KeptRules.OnceAsync(Iptables, TrafficPolicies.Policy(host.NamespaceName));
        string right = await KeptRules.TextAsync(Iptables, host);
        await KeptRules.Create(Iptables).RemoveAsync(TrafficPolicies.Policy(host.NamespaceName), default);
        await host.ExecAsync(
            "sh",
            "-ce",
            """
            iptables -t nat -N FLANNEL-POSTRTG
            iptables -t nat -I POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
            iptables -t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
            iptables -t nat -A FLANNEL-POSTRTG -s 10.5.0.0/16 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j RETURN
            iptables -t nat -A FLANNEL-POSTRTG -s 10.5.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            iptables -t nat -A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.1.0/24 -m comment --comment "flanneld masq" -j RETURN
            iptables -t nat -A FLANNEL-POSTRTG ! -s 10.5.0.0/16 -d 10.5.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
            iptables -N FLANNEL-FWD
            iptables -I FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
            iptables -A FLANNEL-FWD -s 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            iptables -A FLANNEL-FWD -d 10.5.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            """);

        await KeptRules.OnceAsync(Iptables, TrafficPolicies.Policy(host.NamespaceName));

        Assert.Equal(right, await KeptRules.TextAsync(Iptables, host));
    }

    [NetnsFact]
    public async Task Keep_RulesOfReleasesWithoutAChain_AreRemoved()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await host.ExecAsync(
            "sh",
            "-ce",
            """
            iptables -t nat -A POSTROUTING -s 10.4.0.0/16 -d 10.4.0.0/16 -m comment --comment "flanneld masq" -j RETURN
            iptables -t nat -A POSTROUTING -s 10.4.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE
            iptables -A FORWARD -s 10.4.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
            """);

        await KeptRules.OnceAsync(Iptables, TrafficPolicies.Policy(host.NamespaceName));

        Assert.DoesNotContain("10.4.0.0", await KeptRules.TextAsync(Iptables, host), StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Jump_ThatSomebodyMovedToTheTop_KeepsItsPlace()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName);
        await KeptRules.OnceAsync(Iptables, policy);
        await host.ExecAsync("iptables", "-A", "FORWARD", "-j", "DROP");

        await KeptRules.OnceAsync(Iptables, policy);

        string[] rules = (await host.ExecAsync("iptables", "-S", "FORWARD")).Split('\n');
        Assert.Equal("-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD", rules[1]);
        Assert.Equal("-A FORWARD -j DROP", rules[2]);
    }

    [NetnsFact]
    public async Task Remove_ChainThatFlannelLeftEmpty_Goes()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        await host.ExecAsync(
            "sh",
            "-ce",
            """
            iptables -t nat -N FLANNEL-POSTRTG
            iptables -t nat -A POSTROUTING -j FLANNEL-POSTRTG
            iptables -N FLANNEL-FWD
            iptables -A FLANNEL-FWD -j ACCEPT
            """);

        await KeptRules.Create(Iptables).RemoveAsync(TrafficPolicies.Policy(host.NamespaceName), default);

        Assert.Empty(await KeptRules.TextAsync(Iptables, host));
    }

    [SkippableFact]
    public async Task LegacyBackend_IsKeptByTheClock()
    {
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        const string Probe = "for p in iptables-legacy ip6tables-legacy; do $p -t nat -S && $p -S; done >/dev/null 2>&1 && echo usable; true";
        string probe = await host.ExecAsync("sh", "-c", Probe);
        Skip.If(probe.Length == 0, "This kernel, or this distribution, has no legacy iptables any more.");
        using var programs = new FakePrograms();
        foreach (string program in new[] { "iptables", "ip6tables" })
        {
            foreach (string suffix in new[] { "", "-restore" })
                programs.Link(program + suffix, $"/usr/sbin/{program}-legacy{suffix}");
        }

        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName, dualStack: true) with { ResyncInterval = TimeSpan.FromSeconds(1) };
        Task<string> ReadAsync() => host.ExecAsync("sh", "-ce", "for p in iptables-legacy ip6tables-legacy; do $p -t nat -S; $p -S; done");
        string before = await ReadAsync();
        await using (KeptRules kept = await KeptRules.StartAsync(Iptables, policy, programs.SearchPath))
        {
            string right = await ReadAsync();
            Assert.Contains("-A FLANNEL-POSTRTG ! -s fc00:5::/48 -d fc00:5::/48", right, StringComparison.Ordinal);

            await host.ExecAsync("sh", "-ce", "iptables-legacy -t nat -F; ip6tables-legacy -D FORWARD 1");

            await KeptRules.EventuallyAsync(ReadAsync, right);
        }

        await KeptRules.Create(Iptables, programs.SearchPath).RemoveAsync(policy, default);
        Assert.Equal(before, await ReadAsync());
    }

    [NetnsFact]
    public async Task OldRelease_GetsNoRandomPorts()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        using var programs = new FakePrograms();
        programs.Write("iptables", "if [ \"$1\" = --version ]; then echo 'iptables v1.6.1'; else exec /usr/sbin/iptables \"$@\"; fi");
        await KeptRules.OnceAsync(Iptables, TrafficPolicies.Policy(host.NamespaceName), programs.SearchPath);

        string rules = await KeptRules.TextAsync(Iptables, host);

        Assert.Contains("-j MASQUERADE\n", rules, StringComparison.Ordinal);
        Assert.DoesNotContain("--random-fully", rules, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Program_Missing_IsNamedWithItsPackage()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        TrafficPolicy policy = TrafficPolicies.Policy(host.NamespaceName);
        await using KeptRules kept = KeptRules.Start(Iptables, policy, searchPath: "/nonexistent:/proc");

        var missing = Assert.IsType<MissingProgramException>((await kept.NextAsync()).Problem);
        await KeptRules.Create(Iptables, searchPath: "/nonexistent").RemoveAsync(policy, default);

        Assert.Equal(("iptables", "iptables"), (missing.Program, missing.Package));
        Assert.Contains("apt-get install iptables", missing.Message, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task Program_Failing_IsReportedAndTriedAgainUntilItWorks()
    {
        await using var lab = TrafficKeepingTests.OneHost(out LabHost host);
        using var programs = new FakePrograms();
        programs.Write("iptables", "echo 'no more rules today' >&2; exit 4");
        await using KeptRules kept = KeptRules.Start(Iptables, TrafficPolicies.Policy(host.NamespaceName), programs.SearchPath);

        var problem = Assert.IsType<TrafficRulesException>((await kept.NextAsync()).Problem);
        programs.Write("iptables", "exec /usr/sbin/iptables \"$@\""); // in one step: the program may be looked for just now

        Assert.Contains("no more rules today", problem.Message, StringComparison.Ordinal);
        Assert.Null((await kept.NextAsync()).Problem);
        Assert.NotEmpty(await KeptRules.TextAsync(Iptables, host));
    }
}
