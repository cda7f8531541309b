using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Backends;

/// <summary>
/// The backend, the VNI or the port changes and the nodes are restarted: the new data path is made first, then the old entries are replaced, then the
/// old device goes. For how long containers got no answer while their hosts did, in both address families, is under a second, and printed.
/// </summary>
public sealed class MigrationTests(ITestOutputHelper output)
{
    private const string Vxlan = """{"Type":"vxlan"}""";
    private const string Vxlan2 = """{"Type":"vxlan","VNI":2}""";
    private const string VxlanPort = """{"Type":"vxlan","Port":4789}""";
    private const string VxlanGbp = """{"Type":"vxlan","GBP":true}""";
    private const string VxlanDirect = """{"Type":"vxlan","DirectRouting":true}""";
    private const string HostGateway = """{"Type":"host-gw"}""";
    private const string Udp = """{"Type":"udp"}""";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    [NetnsTheory]
    [InlineData(Vxlan, HostGateway)]
    [InlineData(Vxlan, Udp)]
    [InlineData(Vxlan, Vxlan2)]
    [InlineData(Vxlan, VxlanPort)]
    [InlineData(VxlanPort, Vxlan)]
    [InlineData(Vxlan, VxlanGbp)]
    [InlineData(VxlanDirect, Vxlan2)]
    [InlineData(VxlanDirect, Udp)]
    [InlineData(HostGateway, Vxlan)]
    [InlineData(HostGateway, Udp)]
    [InlineData(Udp, Vxlan)]
    [InlineData(Udp, HostGateway)]
    public async Task Restart_FromOneOfOurBackendsToAnother_CarriesOn(string from, string to)
    {
        await using var lab = new BackendLab();
        LabContainer[] containers = lab.AddContainers();
        await lab.StartAsync(from);

        await MigrateAsync(lab, containers, to, $"{from} to {to}");
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(Vxlan2)]
    [InlineData(VxlanPort)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_OnFlannelsVxlan_CarriesOn(string to)
    {
        await using var lab = new BackendLab();
        LabContainer[] containers = lab.AddContainers();
        await BackendLab.LeaveFlannelsVxlanAsync(lab.Hosts[0], 1, lab.Hosts[1], 2);
        await BackendLab.LeaveFlannelsVxlanAsync(lab.Hosts[1], 2, lab.Hosts[0], 1);

        await MigrateAsync(lab, containers, to, $"flannel's vxlan to {to}");
    }

    [NetnsFact]
    public async Task Start_OnFlannelsVxlanOfAnotherPort_WithoutAPort_TakesTheDefaultPort()
    {
        await using var lab = new BackendLab();
        LabContainer[] containers = lab.AddContainers();
        await BackendLab.LeaveFlannelsVxlanAsync(lab.Hosts[0], 1, lab.Hosts[1], 2, port: "4789");
        await BackendLab.LeaveFlannelsVxlanAsync(lab.Hosts[1], 2, lab.Hosts[0], 1, port: "4789");

        await MigrateAsync(lab, containers, """{"Type":"vxlan","Port":0}""", "flannel's vxlan on port 4789 to port 0");

        Assert.All(lab.Hosts, static host => Assert.Equal(8472, host.Device("flannel.1").Vxlan!.Port));
    }

    [NetnsTheory]
    [InlineData(Vxlan)]
    [InlineData(HostGateway)]
    [InlineData(Udp)]
    public async Task Start_OnFlannelsHostGateway_CarriesOn(string to)
    {
        await using var lab = new BackendLab();
        LabContainer[] containers = lab.AddContainers();
        await BackendLab.LeaveFlannelsHostGatewayAsync(lab.Hosts[0], lab.Hosts[1], 2);
        await BackendLab.LeaveFlannelsHostGatewayAsync(lab.Hosts[1], lab.Hosts[0], 1);

        await MigrateAsync(lab, containers, to, $"flannel's host-gw to {to}");
    }

    private async Task MigrateAsync(BackendLab lab, LabContainer[] containers, string to, string what)
    {
        await using var ping = new ParallelPing(containers[0], containers[1], lab.Hosts[0], lab.Hosts[1]);
        await ping.WaitForAnswersAsync(20);

        await lab.StopAsync();
        await lab.StartAsync(to);
        await ping.WaitForAnswersAsync(50);

        await AssertOnlyAsync(lab, to);
        (TimeSpan silence, string text) = await ping.StopAsync();
        output.WriteLine($"{what}: {text}");
        Assert.True(silence < Limit, text);
        Assert.DoesNotContain(lab.Log, static line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    /// <summary>Nothing is left but what the backend makes: its devices, and one route per peer and family, or one for the whole network.</summary>
    private static async Task AssertOnlyAsync(BackendLab lab, string backend)
    {
        for (int index = 0; index < lab.Hosts.Count; index++)
        {
            LabHost host = lab.Hosts[index];
            string vni = backend == Vxlan2 ? "2" : "1";
            Func<string[], bool> areDevices = backend switch
            {
                HostGateway => static devices => devices.Length == 0,
                Udp => static devices => devices.Length == 1 && !devices[0].Contains('.', StringComparison.Ordinal),
                _ => devices => devices.SequenceEqual([$"flannel-v6.{vni}", $"flannel.{vni}"]),
            };
            string way = backend switch
            {
                HostGateway => "dev eth0",
                Udp => "dev flannel",
                _ => $".{vni} ",
            };
            await Overlay.Eventually.IsTrueAsync(() => areDevices(BackendLab.DevicesOf(host)), $"only the devices of {backend} are left");
            string[] routes = [];
            await Overlay.Eventually.IsTrueAsync(
                async () => (routes = await BackendLab.RoutesOfAsync(host)).Length == 2, $"only the routes of {backend} are left");
            Assert.All(routes, route => Assert.Contains(way, route, StringComparison.Ordinal));
        }
    }
}
