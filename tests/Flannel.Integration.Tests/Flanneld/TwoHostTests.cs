using System.Net;
using System.Text.RegularExpressions;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>Two hosts with the console host on each and one real etcd, as an operator would set them up.</summary>
public sealed partial class TwoHostTests
{
    private const string Tutorial = """{"Network":"10.0.0.0/8","SubnetLen":20,"SubnetMin":"10.10.0.0","SubnetMax":"10.99.0.0","Backend":{"Type":"vxlan","VNI":100,"Port":8472}}""";

    private static readonly PingOptions HundredPerSecond = new() { Interval = TimeSpan.FromMilliseconds(10) };

    [NetnsFact]
    public async Task Vxlan_TutorialConfig_LooksInEveryPlaceAsFlannelDoes()
    {
        await using TwoHosts hosts = await TwoHosts.StartAsync(Tutorial);
        await hosts.AssertPingsAsync();

        for (int host = 0; host < 2; host++)
        {
            SubnetFile own = hosts.Files[host];
            SubnetFile peer = hosts.Files[1 - host];
            LabHost here = hosts.Lab.Hosts[host];
            string ownBase = own.Subnet!.Value.BaseAddress.ToString();
            string peerBase = peer.Subnet!.Value.BaseAddress.ToString();
            string peerAddress = hosts.Lab.Hosts[1 - host].Address!.ToString();
            string peerMac = await MacAsync(hosts.Lab.Hosts[1 - host]);

            Assert.Equal(
                $"FLANNEL_NETWORK=10.0.0.0/8\nFLANNEL_SUBNET={Gateway(own.Subnet.Value)}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
                await hosts.ReadFileAsync(host));
            Assert.Contains(
                $"vxlan id 100 local {here.Address} dev eth0 ", await here.ExecAsync("ip", "-d", "link", "show", "flannel.100"),
                StringComparison.Ordinal);
            Assert.Matches("dstport 8472 nolearning ", await here.ExecAsync("ip", "-d", "link", "show", "flannel.100"));
            Assert.Contains(" mtu 1450 ", await here.ExecAsync("ip", "link", "show", "flannel.100"), StringComparison.Ordinal);
            Assert.Contains(
                $"inet {ownBase}/32 scope global flannel.100", await here.ExecAsync("ip", "addr", "show", "flannel.100"), StringComparison.Ordinal);
            Assert.Equal(
                $"{peer.Subnet.Value} via {peerBase} dev flannel.100 onlink", (await here.ExecAsync("ip", "route", "show", "dev", "flannel.100"))
                    .Trim()
                    .Replace($"via {peerBase} onlink", $"via {peerBase} dev flannel.100 onlink", StringComparison.Ordinal));
            Assert.Matches(
                $"^{Regex.Escape(peerBase)} lladdr {peerMac} PERMANENT", await here.ExecAsync("ip", "-4", "neigh", "show", "dev", "flannel.100"));
            Assert.Contains(
                $"{peerMac} dst {peerAddress} self permanent",
                await here.ExecAsync("bridge", "fdb", "show", "dev", "flannel.100"),
                StringComparison.Ordinal);
            Assert.Equal(
                $$$"""{"PublicIP":"{{{here.Address}}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":100,"VtepMAC":"{{{await MacAsync(here)}}}"}}""",
                await hosts.ReadDocumentAsync(host));
        }
    }

    [NetnsFact]
    public async Task VxlanDualStack_CarriesBothFamilies_InFlannelsDocuments()
    {
        const string Config =
            """{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fc00:5::/48","Backend":{"Type":"vxlan"}}""";
        await using TwoHosts hosts = await TwoHosts.StartAsync(Config);
        await hosts.AssertPingsAsync();

        SubnetFile own = hosts.Files[0];
        LabHost here = hosts.Lab.Hosts[0];
        Assert.Equal(
            $"FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET={Gateway(own.Subnet!.Value)}\n" +
            $"FLANNEL_IPV6_NETWORK=fc00:5::/48\nFLANNEL_IPV6_SUBNET={Gateway(own.IPv6Subnet!.Value)}\nFLANNEL_MTU=1430\nFLANNEL_IPMASQ=true\n",
            await hosts.ReadFileAsync(0));
        Assert.Equal(
            $$$"""{"PublicIP":"{{{here.Address}}}","PublicIPv6":"{{{here.AddressIPv6}}}","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"{{{await MacAsync(here, "flannel.1")}}}"},"BackendV6Data":{"VNI":1,"VtepMAC":"{{{await MacAsync(here, "flannel-v6.1")}}}"}}""",
            await hosts.ReadDocumentAsync(0));
    }

    [NetnsTheory]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"host-gw"}}""")]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fc00:5::/48","Backend":{"Type":"host-gw"}}""")]
    public async Task HostGateway_RoutesToThePeersHost(string config)
    {
        await using TwoHosts hosts = await TwoHosts.StartAsync(config);
        await hosts.AssertPingsAsync();

        LabHost here = hosts.Lab.Hosts[0];
        LabHost there = hosts.Lab.Hosts[1];
        Assert.Contains($"{hosts.Files[1].Subnet} via {there.Address} dev eth0", await here.ExecAsync("ip", "route"), StringComparison.Ordinal);
        Assert.Contains("FLANNEL_MTU=1500\n", await hosts.ReadFileAsync(0), StringComparison.Ordinal);
        string publicIPv6 = hosts.Files[1].IPv6Subnet is null ? "null" : $"\"{here.AddressIPv6}\"";
        Assert.Equal($$"""{"PublicIP":"{{here.Address}}","PublicIPv6":{{publicIPv6}},"BackendType":"host-gw"}""", await hosts.ReadDocumentAsync(0));
        if (hosts.Files[1].IPv6Subnet is { } subnet)
            Assert.Contains($"{subnet} via {there.AddressIPv6} dev eth0", await here.ExecAsync("ip", "-6", "route"), StringComparison.Ordinal);
    }

    [NetnsTheory]
    [InlineData(Tutorial, "flannel.100")]
    [InlineData("""{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fc00:5::/48","Backend":{"Type":"vxlan"}}""", "flannel.1")]
    [InlineData("""{"Network":"10.5.0.0/16","Backend":{"Type":"host-gw"}}""", null)]
    public async Task Agent_KilledAndStoppedUnderPing_LosesNoneAndKeepsSubnetAndMac(string config, string? device)
    {
        await using TwoHosts hosts = await TwoHosts.StartAsync(config);
        await hosts.AssertPingsAsync();
        string mac = device is null ? "" : await MacAsync(hosts.Lab.Hosts[1], device);
        int leases = await hosts.Etcd.CountLeasesAsync();
        string document = await hosts.ReadDocumentAsync(1);
        await using ContinuousPing there = hosts.Containers[0].StartPinging(hosts.Containers[1].Address!, HundredPerSecond);
        await using ContinuousPing back = hosts.Containers[1].StartPinging(hosts.Containers[0].Address!, HundredPerSecond);

        for (int round = 0; round < 2; round++)
        {
            await there.WaitForAnswersAsync(20);
            await hosts.RestartAsync(1, kills: true);
            await there.WaitForAnswersAsync(20);
            await hosts.RestartAsync(1, kills: false);
        }

        await back.WaitForAnswersAsync(20);
        PingReport thereReport = await there.StopAsync();
        PingReport backReport = await back.StopAsync();
        Assert.True(thereReport.AllAnswered, thereReport.ToString());
        Assert.True(backReport.AllAnswered, backReport.ToString());
        Assert.Equal(document, await hosts.ReadDocumentAsync(1));
        Assert.Equal(leases, await hosts.Etcd.CountLeasesAsync());
        if (device is not null) Assert.Equal(mac, await MacAsync(hosts.Lab.Hosts[1], device));
    }

    private static async Task<string> MacAsync(LabHost host, string device = "flannel.100") =>
        EthernetAddress().Match(await host.ExecAsync("ip", "link", "show", device)).Groups[1].Value;

    // The first address of a subnet, with the subnet's length: what the subnet file names.
    private static string Gateway(IPNetwork subnet)
    {
        byte[] bytes = subnet.BaseAddress.GetAddressBytes();
        bytes[^1]++;
        return $"{new IPAddress(bytes)}/{subnet.PrefixLength}";
    }

    [GeneratedRegex("link/ether ([0-9a-f:]{17}) ")]
    private static partial Regex EthernetAddress();
}
