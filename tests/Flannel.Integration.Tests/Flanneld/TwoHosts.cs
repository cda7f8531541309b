using System.Net;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>Two hosts of a laboratory, etcd on the first, the console host and a container on each.</summary>
internal sealed class TwoHosts : IAsyncDisposable
{
    private readonly FlanneldProcess?[] _processes = new FlanneldProcess?[2];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-two-hosts-");

    private TwoHosts(NetworkLab lab, EtcdServer etcd) => (Lab, Etcd) = (lab, etcd);

    public NetworkLab Lab { get; }

    public EtcdServer Etcd { get; }

    /// <summary>What each host's subnet file says.</summary>
    public List<SubnetFile> Files { get; } = [];

    public List<LabContainer> Containers { get; } = [];

    public static async Task<TwoHosts> StartAsync(string config)
    {
        var lab = NetworkLab.Create(new LabOptions { Hosts = 2, DualStack = true });
        var hosts = new TwoHosts(lab, await StartTests.StartEtcdAsync(lab.Hosts[0], config));
        try
        {
            for (int host = 0; host < 2; host++) await hosts.LaunchAsync(host);
            for (int host = 0; host < 2; host++)
            {
                SubnetFile file = SubnetFile.Parse(await hosts.ReadFileAsync(host));
                hosts.Files.Add(file);
                hosts.Containers.Add(lab.Hosts[host].AddContainer(file.Subnet, file.IPv6Subnet, file.Mtu));
            }

            return hosts;
        }
        catch
        {
            await hosts.DisposeAsync();
            throw;
        }
    }

    public Task<string> ReadFileAsync(int host) => File.ReadAllTextAsync(PathOf(host));

    /// <summary>The document of a host's lease, as it stands in etcd.</summary>
    public Task<string> ReadDocumentAsync(int host) =>
        Etcd.RunAsync("get", "--print-value-only", $"/coreos.com/network/subnets/{KeyOf(Files[host])}");

    /// <summary>Pings in both directions and over every family, until both hosts have each other's routes and then without a loss.</summary>
    public async Task AssertPingsAsync()
    {
        foreach ((LabContainer from, LabContainer to) in new[] { (Containers[0], Containers[1]), (Containers[1], Containers[0]) })
        {
            foreach (IPAddress address in new[] { to.Address, to.AddressIPv6 }.OfType<IPAddress>())
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
                while (!(await from.PingAsync(address)).AllAnswered && !limit.IsCancellationRequested)
                {
                }

                PingReport report = await from.PingAsync(address, new PingOptions { Count = 5 });
                Assert.True(report.AllAnswered, $"{from.NamespaceName} to {address}: {report}\n{_processes[0]}\n{_processes[1]}");
            }
        }
    }

    /// <summary>Ends the agent of a host, by SIGKILL or by SIGTERM, and starts it again.</summary>
    public async Task RestartAsync(int host, bool kills)
    {
        if (kills) await _processes[host]!.KillAsync();
        else Assert.Equal(0, await _processes[host]!.StopAsync());
        await _processes[host]!.DisposeAsync();
        await LaunchAsync(host);
        Assert.Equal(Files[host], SubnetFile.Parse(await ReadFileAsync(host)));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FlanneldProcess process in _processes.OfType<FlanneldProcess>()) await process.DisposeAsync();
        await Etcd.DisposeAsync();
        await Lab.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static string KeyOf(SubnetFile file) =>
        string.Join('&', new[] { file.Subnet, file.IPv6Subnet }.OfType<IPNetwork>().Select(subnet => $"{subnet.BaseAddress}-{subnet.PrefixLength}"));

    private string PathOf(int host) => Path.Combine(_folder.FullName, $"subnet-{host}.env");

    private async Task LaunchAsync(int host)
    {
        _processes[host] = FlanneldProcess.Start(
            Lab.Hosts[host], $"-etcd-endpoints={Etcd.Members[0].Endpoint}", "-iface=eth0", "-ip-masq", $"-subnet-file={PathOf(host)}");
        await _processes[host]!.WaitForReadyAsync();
    }
}
