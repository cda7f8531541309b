using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Linux.Guard;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Linux.Tests.Guard;

/// <summary>When the kernel has what, against a real one.</summary>
public sealed class TunnelGuardTests : IAsyncLifetime
{
    private const string Table = "flannel-guard-ipv4";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly NftSet Peers = new(NftFamily.Inet, Table, "peers") { Key = [NftDataType.IPv4Address, NftDataType.EthernetAddress] };

    private NetworkLab? _lab;
    private NftablesNetlink? _nftables;
    private HostKernel? _host;

    private LabHost Host => _lab!.Hosts[0];

    public Task InitializeAsync()
    {
        if (Netns.Obstacle is not null) return Task.CompletedTask;
        _lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        _nftables = Host.Run(() => NftablesNetlink.Open());
        _host = new HostKernel(Host.NamespaceName);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _nftables?.Dispose();
        _host?.Dispose();
        if (_lab is not null) await _lab.DisposeAsync();
    }

    [NetnsFact]
    public void Admit_ReturnsWhenPeersAreIn_AndNobodyWhoLeftIsOutBeforeExpel()
    {
        using TunnelGuard guard = NewGuard();
        guard.SetPeers([GuardMembersTests.Peer(1), GuardMembersTests.Peer(2)]);
        guard.Admit();
        Assert.Equal([1, 2], Read());

        guard.ChangePeers([GuardMembersTests.Peer(2).Key], [GuardMembersTests.Peer(3)]);
        guard.Admit();
        Assert.Equal([1, 2, 3], Read());

        guard.Expel();
        guard.Admit();
        Assert.Equal([1, 3], Read());
    }

    [NetnsFact]
    public Task Loop_WritesWithoutBeingAsked() => WithLoopAsync(async guard =>
    {
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        await UntilAsync([1]);
        guard.ChangePeers([GuardMembersTests.Peer(1).Key], [GuardMembersTests.Peer(2)]);
        await UntilAsync([1, 2]);
        guard.Expel();
        await UntilAsync([2]);
    });

    [NetnsFact]
    public Task Loop_OthersChangeTheTableAfterItsOwnChanges_PutsItRight() => WithLoopAsync(async guard =>
    {
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        await UntilAsync([1]);
        for (byte peer = 2; peer <= 4; peer++)
        {
            guard.ChangePeers([], [GuardMembersTests.Peer(peer)]);
            guard.Admit();
        }

        var batch = new NftablesBatch();
        batch.DeleteElements(Peers, _nftables!.GetElements(Peers));
        _nftables.Execute(batch);

        await UntilAsync([1, 2, 3, 4]);
    });

    [NetnsFact]
    public void FirstPeers_ReplaceWhatAnEarlierProcessLeft_InOneStep()
    {
        using (TunnelGuard earlier = NewGuard())
        {
            earlier.SetPeers([GuardMembersTests.Peer(1), GuardMembersTests.Peer(2)]);
            earlier.Admit();
        }

        using TunnelGuard guard = NewGuard();
        guard.Close();
        guard.Admit(); // before the peers are known, it stays
        Assert.Equal([1, 2], Read());
        uint before = _nftables!.GetGeneration();

        guard.SetPeers([GuardMembersTests.Peer(2), GuardMembersTests.Peer(3)]);
        guard.Admit();

        Assert.Equal([2, 3], Read());
        Assert.Equal(before + 1, _nftables.GetGeneration());
    }

    [NetnsFact]
    public void MorePeersThanTheSetsHaveRoomFor_GetLargerOnes()
    {
        using TunnelGuard guard = NewGuard();
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        guard.Admit();
        int before = SizeOfPeers();

        guard.ChangePeers([GuardMembersTests.Peer(1).Key], [.. Enumerable.Range(0, before).Select(static number => new GuardedPeer(
            SubnetKey.Parse($"10.{number / 256}.{number % 256}.0-24"),
            new IPAddress([172, 16, (byte)(number / 256), (byte)(number % 256)]),
            IPNetwork.Parse($"10.{number / 256}.{number % 256}.0/24"),
            GuardMembersTests.Peer(2).Mac))]);
        guard.Expel();
        guard.Admit();

        Assert.Null(guard.Status!.Problem);
        Assert.Equal(before, _nftables!.GetElements(Peers).Count);
        Assert.True(SizeOfPeers() > before);

        int SizeOfPeers() => _nftables!.GetSets(NftFamily.Inet, Table).Single(static set => set.Name == "peers").Size!.Value;
    }

    [NetnsFact]
    public void SameAgain_WritesNothing()
    {
        using TunnelGuard guard = NewGuard();
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        guard.Admit();
        uint before = _nftables!.GetGeneration();

        guard.SetPeers([GuardMembersTests.Peer(1)]);
        guard.ChangePeers([], [GuardMembersTests.Peer(1)]);
        guard.Expel();
        guard.Admit();

        Assert.Equal(before, _nftables.GetGeneration());
    }

    [NetnsFact]
    public void ElementTakenByOthers_TheNextChangeMakesAllRight()
    {
        using TunnelGuard guard = NewGuard();
        guard.SetPeers([GuardMembersTests.Peer(1), GuardMembersTests.Peer(2)]);
        guard.Admit();
        var batch = new NftablesBatch();
        batch.DeleteElements(Peers, [new NftElement(GuardMembersTests.Of(GuardMembersTests.Peer(2))[0].Key)]);
        _nftables!.Execute(batch);

        guard.ChangePeers([GuardMembersTests.Peer(2).Key], []);
        guard.Expel();
        guard.Admit(); // is refused, for there is nothing to delete
        Assert.NotNull(guard.Status!.Problem);
        guard.Admit();

        Assert.Equal([1], Read());
        Assert.Null(guard.Status.Problem);
    }

    /// <summary>Kernels before 6.16 take the chain at a device away with it.</summary>
    [NetnsFact]
    public void Attach_ChainWentWithTheDevice_IsThereAgain()
    {
        using TunnelGuard guard = NewGuard();
        guard.Attach(); // before there is a guard
        Assert.Empty(_nftables!.GetTables());
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        guard.Admit();
        string[] chains = ReadChains();
        LoseTheDevicesChain();

        guard.Attach();

        Assert.Equal(chains, ReadChains());
        Assert.Equal([1], Read());
    }

    [NetnsFact]
    public void Attach_ChainWentWithTheDevice_PeersAreNotKnown_NobodyIsLetIn()
    {
        using (TunnelGuard earlier = NewGuard())
        {
            earlier.SetPeers([GuardMembersTests.Peer(1)]);
            earlier.Admit();
        }

        using TunnelGuard guard = NewGuard();
        guard.Attach(); // nothing was lost
        Assert.Equal([1], Read());
        LoseTheDevicesChain();

        guard.Attach();

        Assert.Empty(Read());
        Assert.Contains("from-tunnel", ReadChains());
    }

    [NetnsTheory]
    [InlineData(null)]
    [InlineData("eth0")]
    public void KernelWithoutChainsAtDevices_GetsTheSameAtPrerouting(string? external)
    {
        var table = new GuardTable(
            Table,
            new GuardedTunnel { Port = 8472, Vni = 1, Device = "flannel.1", ExternalInterface = external },
            new GuardOptions(),
            NetworkFamily.From(
                new BackendContext
                {
                    NetworkName = "",
                    Config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16"}""", "test"),
                    ExternalInterface = Host.External,
                }).Single(),
            IPNetwork.Parse("10.5.9.0/24"),
            [24, 32],
            members: 1,
            isAtDevice: false,
            knowsInterfaces: false);
        Assert.Equal(NftFamily.Inet, Assert.Single(table.Families));
        Assert.All(table.Rules, static rule => Assert.Equal(NftFamily.Inet, rule.Family));
        var batch = new NftablesBatch();
        batch.AddTable(table.Tables.Single());
        foreach (NftCounter counter in table.Counters) batch.AddCounter(counter);
        foreach (NftSet set in table.Sets) batch.AddSet(set);
        foreach (NftChain chain in table.Chains) batch.AddChain(chain);
        foreach (NftRule rule in table.Rules) batch.AddRule(rule);

        _nftables!.Execute(batch);

        Assert.Equal(table.Rules.Where(static rule => rule.Chain == "prerouting"), _nftables.GetRules(NftFamily.Inet, Table, "prerouting"));
    }

    [NetnsFact]
    public void Off_WritesNothing()
    {
        using TunnelGuard guard = NewGuard(static options => options.Enabled = false);
        guard.Close();
        guard.SetPeers([GuardMembersTests.Peer(1)]);
        guard.Admit();

        Assert.Empty(_nftables!.GetTables());
        Assert.Null(guard.Status);
    }

    private TunnelGuard NewGuard(Action<GuardOptions>? configure = null)
    {
        var context = new BackendContext
        {
            NetworkName = "",
            Config = NetworkConfig.Parse("""{"Network":"10.5.0.0/16"}""", "test"),
            ExternalInterface = Host.External,
        };
        configure?.Invoke(context.Guard);
        NetworkFamily family = NetworkFamily.From(context).Single();
        var tunnel = new GuardedTunnel { Port = 8472, Vni = 1, Device = "flannel.1" };
        var guard = new TunnelGuard(tunnel, family, context, _host!, TimeProvider.System, NullLogger.Instance);
        guard.Start(IPNetwork.Parse("10.5.9.0/24"), static () => { });
        return guard;
    }

    /// <summary>A guard with its loop running, which ends by cancellation alone.</summary>
    private async Task WithLoopAsync(Func<TunnelGuard, Task> body)
    {
        using TunnelGuard guard = NewGuard();
        using var stop = new CancellationTokenSource();
        Task loop = guard.RunAsync(stop.Token);
        await body(guard);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    private string[] ReadChains() =>
        [.. GuardTable.AllFamilies.SelectMany(family => _nftables!.GetChains(family, Table)).Select(static chain => chain.Name)
            .Order(StringComparer.Ordinal)];

    private void LoseTheDevicesChain()
    {
        var batch = new NftablesBatch();
        batch.FlushChain(NftFamily.NetDevice, Table, "from-tunnel");
        batch.DeleteChain(NftFamily.NetDevice, Table, "from-tunnel");
        _nftables!.Execute(batch);
    }

    private byte[] Read() => [.. _nftables!.GetElements(Peers).Select(static element => element.Key.Bytes[3]).Order()];

    private async Task UntilAsync(byte[] wanted)
    {
        using var limit = new CancellationTokenSource(Limit);
        // That there is a table says nothing: the kernel lists an empty one while the transaction is still prepared.
        while (_nftables!.GetSets(NftFamily.Inet, Table).Count == 0 || !Read().SequenceEqual(wanted)) await Task.Delay(5, limit.Token);
    }
}
