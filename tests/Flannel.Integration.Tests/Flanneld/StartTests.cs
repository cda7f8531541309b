using System.Net;
using System.Net.Sockets;
using System.Text;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>The console host does on one host what flannel's tutorials show.</summary>
public sealed class StartTests
{
    // The configuration of flannel's Docker tutorials.
    internal const string Config =
        """{"Network": "10.0.0.0/8", "SubnetLen": 20, "SubnetMin": "10.10.0.0", "SubnetMax": "10.99.0.0", "Backend": {"Type": "vxlan", "VNI": 100, "Port": 8472}}""";

    internal const int HealthPort = 8081;

    [NetnsFact]
    public async Task Tutorial_Works()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await using EtcdServer etcd = await StartEtcdAsync(host);
        using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        string notify = $"/tmp/flannel-notify-{Guid.NewGuid():N}";
        systemd.Bind(new UnixDomainSocketEndPoint(notify));
        try
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(
                host, new Dictionary<string, string> { ["NOTIFY_SOCKET"] = notify }, Endpoints(etcd), $"-iface={host.Address}", "-healthz-port",
                $"{HealthPort}");
            await flanneld.WaitForReadyAsync();

            string file = await flanneld.WaitForSubnetFileAsync();
            string subnet = SubnetFile.Parse(file).Subnet!.Value.ToString();
            string first = subnet.Replace(".0/20", ".1/20", StringComparison.Ordinal);
            Assert.Equal($"FLANNEL_NETWORK=10.0.0.0/8\nFLANNEL_SUBNET={first}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n", file);
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead,
                File.GetUnixFileMode(flanneld.SubnetFile));
            Assert.NotNull(host.Netlink.FindLink("flannel.100"));
            string lease = await etcd.RunAsync("get", "--prefix", "/coreos.com/network/subnets/");
            Assert.StartsWith(
                $"/coreos.com/network/subnets/{subnet.Replace('/', '-')}\n" +
                $"{{\"PublicIP\":\"{host.Address}\",\"PublicIPv6\":null,\"BackendType\":\"vxlan\"",
                lease,
                StringComparison.Ordinal);

            Assert.Equal((HttpStatusCode.OK, "flanneld is running"), await flanneld.GetAsync(HealthPort, "/healthz"));
            Assert.Equal((HttpStatusCode.OK, "flanneld is ready"), await flanneld.GetAsync(HealthPort, "/readyz"));
            Assert.Contains("\nflannel_peers 0\n", (await flanneld.GetAsync(HealthPort, "/metrics")).Body, StringComparison.Ordinal);

            Assert.Equal(0, await flanneld.StopAsync());

            Assert.DoesNotContain("''", flanneld.Output, StringComparison.Ordinal); // the network that flanneld runs has no name
            string[] messages = Messages(systemd);
            Assert.Single(messages, message => message.StartsWith("READY=1\nSTATUS=", StringComparison.Ordinal));
            Assert.StartsWith("STOPPING=1", messages[^1], StringComparison.Ordinal);
            Assert.NotNull(host.Netlink.FindLink("flannel.100")); // containers keep their network
            Assert.Equal(file, await File.ReadAllTextAsync(flanneld.SubnetFile));
            Assert.Equal(lease, await etcd.RunAsync("get", "--prefix", "/coreos.com/network/subnets/"));
        }
        finally
        {
            File.Delete(notify);
        }
    }

    [NetnsFact]
    public async Task Restart_KeepsTheSubnet_AndReleasesItIfAsked()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartEtcdAsync(lab.Hosts[0]);
        string first = await RunAsync();
        Assert.Equal(first, await RunAsync("--release-lease-on-stop"));
        Assert.Equal("", await etcd.RunAsync("get", "--prefix", "/coreos.com/network/subnets/"));

        async Task<string> RunAsync(params string[] more)
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], [Endpoints(etcd), .. more]);
            await flanneld.WaitForReadyAsync();
            string file = await flanneld.WaitForSubnetFileAsync();
            Assert.Equal(0, await flanneld.StopAsync());
            return file;
        }
    }

    [NetnsFact]
    public async Task Environment_StandsInForFlags()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartEtcdAsync(lab.Hosts[0]);
        var environment = new Dictionary<string, string>
        {
            ["FLANNELD_ETCD_ENDPOINTS"] = etcd.Members[0].LoopbackEndpoint,
            ["FLANNELD_IFACE"] = "eth0",
            ["FLANNELD_IPTABLES_RESYNC"] = "often",
        };
        await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], environment);

        await flanneld.WaitForOutputAsync("FLANNELD_IPTABLES_RESYNC cannot be \"often\": it must be a whole number");
        await flanneld.WaitForReadyAsync();
    }

    [NetnsFact]
    public async Task MemoryStore_NeedsNoEtcd()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            lab.Hosts[0], "--store", "memory", "--net-config-path=/nonexistent/net-conf.json");
        await flanneld.WaitForOutputAsync("/nonexistent/net-conf.json cannot be read, trying again");
        Assert.Equal(0, await flanneld.StopAsync());

        await using FlanneldProcess other = FlanneldProcess.Start(lab.Hosts[0], "--store=memory");
        await other.WaitForReadyAsync();
        Assert.Contains("FLANNEL_NETWORK=10.5.0.0/16\n", await other.WaitForSubnetFileAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await other.StopAsync());
    }

    [NetnsFact]
    public async Task Signals_DoWhatTheyShould()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartEtcdAsync(lab.Hosts[0]);
        await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], Endpoints(etcd), "--release-lease-on-stop");
        await flanneld.WaitForReadyAsync();

        await flanneld.SignalAsync("HUP");
        await flanneld.WaitForOutputAsync("SIGHUP has no effect");

        // A stop that hangs on etcd, and an operator without patience.
        await etcd.Members[0].FreezeAsync();
        await flanneld.SignalAsync("INT");
        await flanneld.WaitForOutputAsync("Stopping.");
        Assert.False(flanneld.HasExited);
        await flanneld.SignalAsync("INT");
        Assert.Equal(130, await flanneld.WaitForExitAsync());
    }

    [NetnsFact]
    public async Task Capabilities_NeededAreThoseOfTheUnit()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartEtcdAsync(lab.Hosts[0]);
        string[] launcher = ["setpriv", "--bounding-set=-all,+net_admin,+net_raw", "--no-new-privs"];
        await using FlanneldProcess flanneld = FlanneldProcess.StartBy(launcher, lab.Hosts[0], Endpoints(etcd), "--ip-masq");

        await flanneld.WaitForReadyAsync();
        Assert.Equal(0, await flanneld.StopAsync());
    }

    internal static async Task<EtcdServer> StartEtcdAsync(LabNode host, string? config = Config, EtcdOptions? options = null)
    {
        EtcdServer etcd = await EtcdServer.StartAsync((options ?? new EtcdOptions()) with { Host = host });
        if (config is not null) await etcd.RunAsync("put", "/coreos.com/network/config", config);
        return etcd;
    }

    internal static string Endpoints(EtcdServer etcd) => $"-etcd-endpoints={etcd.Members[0].LoopbackEndpoint}";

    private static string[] Messages(Socket socket)
    {
        List<string> messages = [];
        byte[] buffer = new byte[4096];
        while (socket.Poll(0, SelectMode.SelectRead)) messages.Add(Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)));
        return [.. messages];
    }
}
