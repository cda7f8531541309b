using System.Diagnostics;
using System.Net;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Backends;
using Flannel.Lab.Backends;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Guard;

/// <summary>The guard is there as long as the network is, follows the peers and the configuration, and is put right.</summary>
public sealed class GuardKeepingTests
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string VxlanPort = """{"Type":"vxlan","Port":4789}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
    private const string Udp = """{"Type":"udp"}""";
    private const int ManyPeers = 5000;

    [NetnsTheory]
    [InlineData("flush ruleset")]
    [InlineData("delete table inet flannel-guard-ipv4-lab")]
    [InlineData("flush table inet flannel-guard-ipv4-lab")]
    [InlineData("flush chain inet flannel-guard-ipv4-lab to-port")]
    [InlineData("insert rule inet flannel-guard-ipv4-lab input accept")]
    [InlineData("flush set inet flannel-guard-ipv4-lab peers")]
    [InlineData("add element inet flannel-guard-ipv4-lab peers { 192.168.100.9 . 0x020000009901 }")]
    [InlineData("add element netdev flannel-guard-ipv4-lab sources24 { 02:00:00:00:99:01 . 10.5.9.0 }")]
    [InlineData("delete table netdev flannel-guard-ipv4-lab")]
    [InlineData("flush chain netdev flannel-guard-ipv4-lab from-tunnel")]
    [InlineData("insert rule netdev flannel-guard-ipv4-lab from-tunnel accept")]
    [InlineData("add table inet flannel-guard-ipv4-lab { flags dormant; }")]
    [InlineData("add table netdev flannel-guard-ipv4-lab { flags dormant; }")]
    [InlineData("add chain inet flannel-guard-ipv4-lab more")]
    [InlineData("add set inet flannel-guard-ipv4-lab more { type ipv4_addr; }")]
    public async Task Changed_IsPutRight(string change)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(Vxlan);
        string before = (await GuardTable.ReadAsync(lab.Hosts[0]))!;

        await lab.Hosts[0].ExecAsync("nft", change);

        await lab.Network(0)
            .EventuallyAsync(() => Task.FromResult(lab.Log.Any(static line => line.Contains("was put right", StringComparison.Ordinal))));
        await GuardTable.UntilAsync(lab.Hosts[0], table => table == before);
        Assert.Null(lab.Network(0).Status.Guard!.Problem);
    }

    /// <summary>As programs do that save and load the rules of all others.</summary>
    [NetnsFact]
    public async Task Loaded_AsNftHasListedIt_IsTheSameAndFollowsThePeers()
    {
        const string LoadWhatIsListed = "{ echo flush ruleset; nft list ruleset; } | nft -f -";
        await using var lab = new BackendLab();
        await lab.StartAsync(Vxlan);
        await lab.StopAsync();
        string? before = await GuardTable.ReadAsync(lab.Hosts[0]), beforeIPv6 = await GuardTable.ReadAsync(lab.Hosts[0], GuardTable.IPv6);
        await BackendLab.Sh(lab.Hosts[0], LoadWhatIsListed);
        Assert.Equal(before, await GuardTable.ReadAsync(lab.Hosts[0]));
        Assert.Equal(beforeIPv6, await GuardTable.ReadAsync(lab.Hosts[0], GuardTable.IPv6));

        await lab.StartAsync(Vxlan);
        await BackendLab.Sh(lab.Hosts[0], LoadWhatIsListed);
        lab.Network(0).ChangePeers([new LeaseChange(null, NewPeer(7, "192.168.100.107", Vxlan))]);
        await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.107 . 0x20000000007"));
        lab.Network(0).ChangePeers([new LeaseChange(NewPeer(7, "192.168.100.107", Vxlan), null)]);
        await GuardTable.UntilAsync(lab.Hosts[0], table => table == before);
        await GuardTable.UntilAsync(lab.Hosts[0], table => table == beforeIPv6, GuardTable.IPv6);
        Assert.Null(lab.Network(0).Status.Guard!.Problem);
    }

    [NetnsFact]
    public async Task BeforePeersAreKnown_NobodyIsLetIn()
    {
        await using var lab = new BackendLab(hosts: 1);
        await lab.StartAsync(lab.Hosts[0], Vxlan);

        string table = (await GuardTable.ReadAsync(lab.Hosts[0]))!;
        Assert.Contains("udp dport 8472", table, StringComparison.Ordinal);
        Assert.DoesNotContain("elements", table, StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task BeforePeersAreKnown_WhereFlannelsDataPathCarriesPackets_NothingIsTouched()
    {
        await using var lab = new BackendLab();
        await BackendLab.LeaveFlannelsVxlanAsync(lab.Hosts[0], 1, lab.Hosts[1], 2);
        await lab.StartAsync(lab.Hosts[0], Vxlan);

        Assert.Null(await GuardTable.ReadAsync(lab.Hosts[0]));
        lab.Network(0).SetPeers([]);
        await GuardTable.UntilAsync(lab.Hosts[0], static table => table is not null);
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(Udp)]
    [InlineData(HostGateway)]
    public async Task Dispose_LeavesIt_RemoveRemovesIt(string backend)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(backend);
        string?[] running = await BothAsync();
        Assert.All(running, Assert.NotNull);

        await lab.StopAsync();
        Assert.Equal(running, await BothAsync());

        await lab.StartAsync(backend);
        await lab.Network(0).RemoveAsync(CancellationToken.None);
        Assert.All(await BothAsync(), Assert.Null);

        async Task<string?[]> BothAsync() => [await GuardTable.ReadAsync(lab.Hosts[0]), await GuardTable.ReadAsync(lab.Hosts[0], GuardTable.IPv6)];
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(Udp)]
    [InlineData(HostGateway)]
    public async Task TurnedOff_WhatAnEarlierRunLeft_IsRemoved(string backend)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(backend);
        await lab.StopAsync();

        lab.Guard.Enabled = false;
        await lab.StartAsync(backend);

        await GuardTable.UntilAsync(lab.Hosts[0], static table => table is null);
        await GuardTable.UntilAsync(lab.Hosts[0], static table => table is null, GuardTable.IPv6);
        Assert.Null(lab.Network(0).Status.Guard);
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(Udp)]
    [InlineData(HostGateway)]
    public async Task Restart_WithoutIPv6_ItsTableGoes(string backend)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(backend);
        await lab.StopAsync();
        Assert.NotNull(await GuardTable.ReadAsync(lab.Hosts[0], GuardTable.IPv6));

        lab.IsDualStack = false;
        await lab.StartAsync(backend);

        await GuardTable.UntilAsync(lab.Hosts[0], static table => table is null, GuardTable.IPv6);
        Assert.NotNull(await GuardTable.ReadAsync(lab.Hosts[0]));
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(Udp)]
    public async Task Peers_ComeChangeAndLeave_SetsFollow(string backend)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(backend);
        Lease first = NewPeer(7, "192.168.100.107", backend);
        Lease moved = first with { Attributes = NewPeer(7, "192.168.100.108", backend).Attributes };

        lab.Network(0).ChangePeers([new LeaseChange(null, first)]);
        string came = (await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.107")))!;
        Assert.Equal(backend == Vxlan, Has(came, "02:00:00:00:00:07 . 10.5.7.0"));
        Assert.Equal(backend == Vxlan, Has(came, "02:00:00:00:00:07 . 192.168.100.107"));

        lab.Network(0).ChangePeers([new LeaseChange(first, moved)]);
        string changed = (
            await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.108") && !Has(table, "192.168.100.107")))!;
        Assert.Equal(backend == Vxlan, Has(changed, "02:00:00:00:00:07 . 10.5.7.0"));

        lab.Network(0).ChangePeers([new LeaseChange(moved, null)]);
        string left = (await GuardTable.UntilAsync(lab.Hosts[0], static table => !Has(table, "192.168.100.108")))!;
        Assert.False(Has(left, "10.5.7.0"), left);
        Assert.True(Has(left, lab.Hosts[1].Address!.ToString()), left);
    }

    [NetnsFact]
    public async Task Peer_WithASubnetOfAnotherLength_IsLetIn()
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(Vxlan);
        Lease wide = NewPeer(0, "192.168.100.107", Vxlan) with { Key = SubnetKey.Parse("10.5.16.0-20") };

        lab.Network(0).ChangePeers([new LeaseChange(null, wide)]);

        string table = (await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "02:00:00:00:00:00 . 10.5.16.0")))!;
        Assert.Contains("set sources20", table, StringComparison.Ordinal);
        Assert.Contains("ether saddr . ip saddr & 255.255.240.0 @sources20", table, StringComparison.Ordinal);
    }

    /// <summary>A lease that an older one keeps out of force is no reason to let anybody in.</summary>
    [NetnsFact]
    public async Task Peer_WithTheMacOfAnOlderOne_IsLetInWhenThatOneHasGone()
    {
        await using var lab = new BackendLab(hosts: 1);
        IBackendNetwork network = await lab.StartAsync(lab.Hosts[0], Vxlan);
        Lease older = NewPeer(7, "192.168.100.107", Vxlan);
        Lease younger = NewPeer(8, "192.168.100.108", Vxlan);
        younger = younger with { Attributes = younger.Attributes with { BackendData = older.Attributes.BackendData } };

        network.SetPeers([younger]);
        await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.108"));
        network.ChangePeers([new LeaseChange(null, older)]);
        string table = (
            await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.107") && !Has(table, "192.168.100.108")))!;
        Assert.False(Has(table, "10.5.8.0"), table);
        Assert.True(Has(table, "02:00:00:00:00:07 . 10.5.7.0"), table);

        network.SetPeers([older, younger]);
        network.ChangePeers([new LeaseChange(older, null)]);
        table = (await GuardTable.UntilAsync(lab.Hosts[0], static table => Has(table, "192.168.100.108") && !Has(table, "192.168.100.107")))!;
        Assert.True(Has(table, "02:00:00:00:00:07 . 10.5.8.0"), table);
        Assert.False(Has(table, "10.5.7.0"), table);
    }

    [NetnsTheory]
    [InlineData(Vxlan, VxlanPort, "udp dport 4789")]
    [InlineData(Vxlan, Udp, "udp dport 8285")]
    [InlineData(Udp, Vxlan, "udp dport 8472")]
    public async Task Restart_WithAnotherPort_GuardsThatOne(string from, string to, string expected)
    {
        await using var lab = new BackendLab();
        await lab.StartAsync(from);
        await lab.StopAsync();
        await lab.StartAsync(to);

        string table = (await GuardTable.ReadAsync(lab.Hosts[0]))!;
        Assert.Equal(["dport"], table.Split(' ', '\n').Where(static word => word == "dport").Distinct());
        Assert.All(table.Split('\n').Where(static line => Has(line, "dport")), line => Assert.Contains(expected, line, StringComparison.Ordinal));
    }

    [NetnsFact]
    public async Task Restart_UnderPingsAndAttack_LosesNothingAndLetsNothingIn()
    {
        await using SpoofingLab spoofing = await SpoofingLab.StartAsync(Vxlan, isIPv6: false);
        await using ContinuousPing pings = spoofing.StartPinging();
        await using ContinuousAttack attack = spoofing.StartAttack();
        for (int restart = 0; restart < 3; restart++)
        {
            await spoofing.Backends.StopAsync();
            await pings.WaitForAnswersAsync(5);
            await spoofing.Backends.StartAsync(Vxlan, hosts: 2);
            await pings.WaitForAnswersAsync(5);
        }

        PingReport report = await pings.StopAsync();
        Assert.True(report.AllAnswered, report.ToString());
        Assert.Equal(0, await attack.StopAsync());
        Assert.True(attack.Sent > 10, $"{attack.Sent} sent");
    }

    [NetnsFact]
    public async Task ManyPeers_AreLetInAndPutRight()
    {
        await using var lab = new BackendLab(hosts: 1);
        IBackendNetwork network = await lab.StartAsync(lab.Hosts[0], Vxlan);
        network.SetPeers([.. Enumerable.Range(0, ManyPeers).Select(static number => new Lease
        {
            Key = SubnetKey.Parse($"10.5.{number / 20}.{number % 20 * 8}-29"),
            Attributes = NewPeer(number, $"172.16.{number / 250}.{(number % 250) + 1}", Vxlan).Attributes,
            CreateRevision = number,
        })]);
        await network.WaitAsync(static status => status.IsConverged);
        Assert.Equal((ManyPeers, ManyPeers, ManyPeers), await CountAsync());

        await lab.Hosts[0].ExecAsync("nft", "flush ruleset");

        await network.EventuallyAsync(async () => await GuardTable.ReadAsync(lab.Hosts[0]) is not null);
        Assert.Equal((ManyPeers, ManyPeers, ManyPeers), await CountAsync());

        network.SetPeers([]);
        await network.EventuallyAsync(async () => await CountAsync() == (0, 0, 0));

        async Task<(int Peers, int Subnets, int Hosts)> CountAsync()
        {
            string table = (await GuardTable.ReadAsync(lab.Hosts[0]))!;
            return (Elements("peers"), Elements("sources29"), Elements("sources32"));

            int Elements(string set)
            {
                if (!Has(table, $"set {set} {{")) return 0;
                string[] lines = table[table.IndexOf($"set {set} {{", StringComparison.Ordinal)..].Split("\t}", 2)[0].Split("elements = {");
                return lines.Length < 2 ? 0 : lines[1].Split(',').Length;
            }
        }
    }

    [NetnsFact]
    public async Task TableThatAnotherProcessOwns_IsSaidOnce_AndReplacedOnceItCan()
    {
        await using var lab = new BackendLab();
        using Process owner = StartNft(lab.Hosts[0]);
        await owner.StandardInput.WriteLineAsync($"add table inet {GuardTable.IPv4} {{ flags owner; }}");
        await GuardTable.UntilAsync(lab.Hosts[0], static table => table is not null);

        await lab.StartAsync(Vxlan); // converges all the same
        GuardStatus status = lab.Network(0).Status.Guard!;
        Assert.Contains("not guarded", status.Problem, StringComparison.Ordinal);
        Assert.Contains("-guard=false", status.Problem, StringComparison.Ordinal);

        owner.StandardInput.Close(); // the table goes with its owner
        await owner.WaitForExitAsync();
        await lab.Network(0).WaitAsync(static now => now.Guard!.Problem is null);
        Assert.Contains("udp dport 8472", await GuardTable.ReadAsync(lab.Hosts[0]), StringComparison.Ordinal);
        Assert.Single(
            lab.Log, static line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("not guarded", StringComparison.Ordinal));
    }

    private static bool Has(string? text, string part) => text?.Contains(part, StringComparison.Ordinal) == true;

    private static Process StartNft(LabHost host) => Process.Start(new ProcessStartInfo("ip", ["netns", "exec", host.NamespaceName, "nft", "-i"])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    private static Lease NewPeer(int number, string host, string backend) => new()
    {
        Key = SubnetKey.Parse($"10.5.{number % 256}.0-24"),
        Attributes = new LeaseAttributes
        {
            PublicIP = IPAddress.Parse(host),
            BackendType = backend == Vxlan ? "vxlan" : null,
            BackendData = backend == Vxlan ? $$"""{"VNI":1,"VtepMAC":"02:00:00:00:{{number / 256:x2}}:{{number % 256:x2}}"}""" : null,
        },
        CreateRevision = 100 + number,
    };
}
