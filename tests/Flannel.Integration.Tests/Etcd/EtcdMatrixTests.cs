using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Microsoft.Extensions.DependencyInjection;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Etcd;

/// <summary>What the real etcd does to a network of every data path, to all of them at once.</summary>
public sealed class EtcdMatrixTests(ITestOutputHelper output)
{
    private static readonly string[] Backends =
        ["""{"Type":"vxlan"}""", """{"Type":"vxlan","DirectRouting":true}""", """{"Type":"host-gw"}""", """{"Type":"udp"}"""];

    [NetnsFact]
    public async Task Members_AwayAndLeasesRevoked_NoNetworkLosesAPacketOrAnEvent()
    {
        await using EtcdServer etcd = await EtcdServer.StartAsync(new EtcdOptions { Members = 3 });
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2 * Backends.Length, DualStack = true });
        var networks = new List<EtcdNetwork>();
        try
        {
            foreach (string backend in Backends)
            {
                var network = new EtcdNetwork(etcd, networks.Count, backend, [.. lab.Hosts.Skip(2 * networks.Count).Take(2)]);
                networks.Add(network);
                await network.StartAsync();
            }

            // One member is gone, and what is written meanwhile is heard.
            await etcd.Members[0].KillAsync();
            foreach (EtcdNetwork network in networks) await network.PutAsync("10.5.250.0-24", "{not json");
            foreach (EtcdNetwork network in networks) await network.UntilAsync(static status => status.Quarantined.Count == 1);

            await etcd.KillAllAsync();
            foreach (EtcdNetwork network in networks)
            {
                await network.UntilAsync(
                    static status => status is { State: FlannelNodeState.Degraded, IsReady: true, StoreError: not null, Peers.Count: 1 });
            }

            await etcd.RestartAllAsync();
            foreach (EtcdNetwork network in networks) await network.UntilReadyAsync();

            // As etcd does to those that nobody renewed.
            foreach (string lease in (await etcd.RunAsync("lease", "list")).Split('\n').Skip(1)) await etcd.RunAsync("lease", "revoke", lease);
            foreach (EtcdNetwork network in networks) await network.UntilTakenAgainAsync();
            Assert.Equal(2 * Backends.Length, await etcd.CountLeasesAsync());

            foreach (EtcdNetwork network in networks) output.WriteLine($"{network.Backend}: {await network.FinishAsync()}");
        }
        finally
        {
            foreach (EtcdNetwork network in networks) await network.DisposeAsync();
        }
    }

    /// <summary>Two hosts with a network of their own in etcd, and containers that ping each other over both address families.</summary>
    private sealed class EtcdNetwork(EtcdServer etcd, int number, string backend, IReadOnlyList<LabHost> hosts) : IAsyncDisposable
    {
        private static readonly PingOptions FiftyPerSecond = new() { Interval = TimeSpan.FromMilliseconds(20) };

        private readonly string _prefix = $"/network{number}";
        private readonly List<OverlayNode> _nodes = [];
        private readonly List<ContinuousPing> _pings = [];
        private readonly List<Lease> _leases = [];

        public string Backend { get; } = backend;

        public async Task StartAsync()
        {
            await etcd.RunAsync(
                "put",
                $"{_prefix}/config",
                $$"""{"Network":"10.5.0.0/16","SubnetMax":"10.5.199.0","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{{Backend}}}""");
            foreach (LabHost host in hosts)
            {
                var node = new OverlayNode(
                    host,
                    builder => builder.UseEtcd(options => (options.Endpoints, options.Prefix) = (etcd.Endpoints, _prefix))
                        .UseVxlan().UseUdp().UseHostGateway());
                _nodes.Add(node);
                await node.Node.StartAsync();
            }

            await UntilReadyAsync();
            _leases.AddRange(_nodes.Select(static node => node.Node.Lease));
            LabContainer[] containers = [.. hosts.Zip(_leases, static (host, lease) => host.AddContainer(lease.Subnet, lease.SubnetIPv6, mtu: 1280))];
            await OverlayCluster.AssertPingAsync(containers[0], containers[1]);
            _pings.Add(containers[0].StartPinging(containers[1].Address!, FiftyPerSecond));
            _pings.Add(containers[1].StartPinging(containers[0].AddressIPv6!, FiftyPerSecond));
        }

        /// <summary>Writes, perhaps while the members that are left elect a leader, for which etcd refuses after seven seconds.</summary>
        public async Task PutAsync(string key, string document)
        {
            const int Attempts = 5;
            for (int attempt = 1; ; attempt++)
            {
                try
                {
                    await etcd.RunAsync("put", $"{_prefix}/subnets/{key}", document);
                    return;
                }
                catch (InvalidOperationException) when (attempt < Attempts)
                {
                    // once more
                }
            }
        }

        public Task UntilReadyAsync() =>
            UntilAsync(static status => status is { State: FlannelNodeState.Ready, IsConverged: true, Peers.Count: 1, PeerProblems.Count: 0 });

        public async Task UntilAsync(Func<FlannelNodeStatus, bool> condition)
        {
            foreach (OverlayNode node in _nodes) await node.UntilAsync(condition);
        }

        public async Task UntilTakenAgainAsync()
        {
            foreach ((OverlayNode node, Lease before) in _nodes.Zip(_leases))
            {
                FlannelNodeStatus status = await node.UntilAsync(
                    status => status.State == FlannelNodeState.Ready && status.Lease!.CreateRevision > before.CreateRevision);
                Assert.Equal(before.Key, status.Lease!.Key);
            }

            await UntilReadyAsync();
        }

        /// <summary>Nothing may be lost in the whole time.</summary>
        public async Task<string> FinishAsync()
        {
            var silences = new List<string>();
            foreach (ContinuousPing ping in _pings)
            {
                await ping.WaitForAnswersAsync(25);
                PingReport report = await ping.StopAsync();
                Assert.True(report.AllAnswered, $"{Backend}: {report}");
                silences.Add($"{report.LongestSilence.TotalMilliseconds:0} ms");
            }

            return $"silent for {string.Join(" and ", silences)}";
        }

        public async ValueTask DisposeAsync()
        {
            foreach (ContinuousPing ping in _pings) await ping.DisposeAsync();
            foreach (OverlayNode node in _nodes) await node.DisposeAsync();
        }
    }
}
