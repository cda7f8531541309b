using System.Net;
using Flannel.Extensibility;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Linux.Tests.Testing;

public class NetworkLabTests
{
    [NetnsFact]
    public async Task Hosts_DualStack_ReachEachOther()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 3, DualStack = true });

        foreach (LabHost from in lab.Hosts)
        {
            foreach (LabHost to in lab.Hosts)
            {
                PingReport ipv4 = await from.PingAsync(to.Address!, new PingOptions { Count = 3 });
                PingReport ipv6 = await from.PingAsync(to.AddressIPv6!, new PingOptions { Count = 3 });
                Assert.True(ipv4.AllAnswered, ipv4.ToString());
                Assert.True(ipv6.AllAnswered, ipv6.ToString());
            }
        }
    }

    [NetnsFact]
    public async Task Container_DefaultRoute_ReachesItsHostAndSibling()
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 1, DualStack = true });
        LabHost host = lab.Hosts[0];
        LabContainer first = host.AddContainer(IPNetwork.Parse("10.1.2.0/24"), IPNetwork.Parse("fd00:1:2::/64"));
        LabContainer second = host.AddContainer(IPNetwork.Parse("10.1.2.0/24"), IPNetwork.Parse("fd00:1:2::/64"));

        Assert.Equal(IPAddress.Parse("10.1.2.2"), first.Address);
        Assert.Equal(IPAddress.Parse("fd00:1:2::3"), second.AddressIPv6);
        foreach (IPAddress to in new[] { second.Address!, second.AddressIPv6!, host.Address!, host.AddressIPv6! })
        {
            PingReport report = await first.PingAsync(to);
            Assert.True(report.AllAnswered, $"{to}: {report}");
        }
    }

    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ping_LongerThanARoutersMtu_GetsPacketTooBig(bool ipv6)
    {
        await using var lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true, Mtu = 1400 });
        LabHost host = lab.Hosts[0];
        LabContainer container = host.AddContainer(IPNetwork.Parse("10.1.2.0/24"), IPNetwork.Parse("fd00:1:2::/64"), mtu: 1500);
        // The other host must know the way back.
        await lab.Hosts[1].ExecAsync("ip", "route", "add", "10.1.2.0/24", "via", host.Address!.ToString());
        await lab.Hosts[1].ExecAsync("ip", "-6", "route", "add", "fd00:1:2::/64", "via", host.AddressIPv6!.ToString());
        IPAddress to = ipv6 ? lab.Hosts[1].AddressIPv6! : lab.Hosts[1].Address!;

        PingReport fits = await container.PingAsync(to, new PingOptions { PacketSize = 1400, DontFragment = true });
        PingReport tooLong = await container.PingAsync(to, new PingOptions { PacketSize = 1401, DontFragment = true });
        PingReport tooLongForDevice = await container.PingAsync(to, new PingOptions { PacketSize = 1501, DontFragment = true });

        Assert.True(fits.AllAnswered, fits.ToString());
        Assert.Equal(1, tooLong.Lost);
        IcmpError error = Assert.Single(tooLong.Errors);
        Assert.Equal(IcmpErrorKind.PacketTooBig, error.Kind);
        Assert.Equal(1400, error.Mtu);
        Assert.Equal(IcmpErrorKind.TooBigForDevice, Assert.Single(tooLongForDevice.Errors).Kind);
    }

    [NetnsFact]
    public async Task ContinuousPing_HostCutOff_CountsTheLoss()
    {
        await using var lab = NetworkLab.Create();
        await using ContinuousPing ping = lab.Hosts[0].StartPinging(
            lab.Hosts[1].Address!, new PingOptions { Timeout = TimeSpan.FromMilliseconds(200) });
        await ping.WaitForAnswersAsync(10);
        Assert.Empty(ping.Report().Errors);

        lab.Underlay.SetConnected(lab.Hosts[1], isConnected: false);
        int sent = ping.Report().Sent;
        while (ping.Report().Sent < sent + 10)
            await Task.Delay(10);
        lab.Underlay.SetConnected(lab.Hosts[1], isConnected: true);
        await ping.WaitForAnswersAsync(10);

        PingReport report = await ping.StopAsync();
        Assert.InRange(report.Lost, 5, report.Sent - 20);
    }

    [NetnsFact]
    public async Task Counters_AfterPings_HaveGrown()
    {
        await using var lab = NetworkLab.Create();
        ulong before = lab.Hosts[0].Counters("eth0").SentPackets;

        await lab.Hosts[0].PingAsync(lab.Hosts[1].Address!, new PingOptions { Count = 5 });

        Assert.InRange(lab.Hosts[0].Counters("eth0").SentPackets, before + 5, ulong.MaxValue);
    }

    [NetnsFact]
    public async Task Dispose_AfterAHostWasDestroyed_LeavesNoNamespace()
    {
        var lab = NetworkLab.Create(new LabOptions { Hosts = 2 });
        LabContainer container = lab.Hosts[0].AddContainer(IPNetwork.Parse("10.1.2.0/24"));
        string[] names = [lab.Underlay.NamespaceName, .. lab.Hosts.Select(host => host.NamespaceName), container.NamespaceName];
        Assert.All(names, name => Assert.Contains(name, NetworkNamespace.List()));

        lab.Destroy(lab.Hosts[0]);
        await lab.DisposeAsync();

        Assert.All(names, name => Assert.DoesNotContain(name, NetworkNamespace.List()));
    }
}
