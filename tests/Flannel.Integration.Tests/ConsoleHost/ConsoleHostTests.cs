using System.Diagnostics;
using System.Globalization;
using Flannel.Integration.Tests.Overlay;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using StartTests = Flannel.Integration.Tests.Flanneld.StartTests;

namespace Flannel.Integration.Tests.ConsoleHost;

/// <summary>The shortest console host does what its configuration says, as a program of its own.</summary>
public sealed class ConsoleHostTests
{
    private static readonly string Source = Repository.PathOf("samples", "ConsoleHost", "Program.cs");

    [Fact]
    public void Program_FitsInFifteenLines() => Assert.InRange(File.ReadAllLines(Source).Length, 1, 15);

    [NetnsFact]
    public async Task WithoutEtcd_ItIsAloneInTheNetworkOfItsConfiguration()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });

        SubnetFile file = await RunAsync(lab.Hosts[0], """--Network={ "Network": "10.7.0.0/16", "Backend": { "Type": "host-gw" } }""");

        Assert.Equal("10.7.0.0/16", file.Network.ToString());
        Assert.Equal(1500, file.Mtu);
    }

    [NetnsFact]
    public async Task WithEtcd_ItLeasesThere()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0]);

        SubnetFile file = await RunAsync(lab.Hosts[0], $"--Etcd:Endpoints:0={etcd.Members[0].Endpoint}");

        string leases = await etcd.RunAsync("get", "--prefix", "--keys-only", "/coreos.com/network/subnets/");
        Assert.Equal($"/coreos.com/network/subnets/{file.Subnet.ToString()!.Replace('/', '-')}", leases.Trim());
        Assert.NotNull(lab.Hosts[0].Netlink.FindLink("flannel.100"));
    }

    // Runs the program until its subnet file is there, and then asks it to end.
    private static async Task<SubnetFile> RunAsync(LabHost host, params string[] arguments)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-console-host-");
        string path = Path.Combine(folder.FullName, "subnet.env");
        string program = Repository.PathOf("samples", "ConsoleHost", "bin", Repository.Configuration, Repository.Framework, "ConsoleHost.dll");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "ip",
                [
                    "netns",
                    "exec",
                    host.NamespaceName,
                    "dotnet",
                    program,
                    "--Flannel:ExternalInterface:Name=eth0",
                    $"--Flannel:SubnetFile={path}",
                    .. arguments,
                ])
            {
                RedirectStandardOutput = true,
            },
        };
        try
        {
            process.Start();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            using var limit = new CancellationTokenSource(OverlayCluster.Limit);
            while (!File.Exists(path))
            {
                if (process.HasExited) Assert.Fail($"The console host has ended with code {process.ExitCode}. It wrote:\n{await output}");
                await Task.Delay(10, limit.Token);
            }

            var file = SubnetFile.Parse(await File.ReadAllTextAsync(path, limit.Token));
            using (Process kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -s TERM {process.Id}")]))
                await kill.WaitForExitAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            Assert.True(process.ExitCode == 0, $"The console host has ended with code {process.ExitCode}. It wrote:\n{await output}");
            return file;
        }
        finally
        {
            if (!process.HasExited) process.Kill();
            folder.Delete(recursive: true);
        }
    }
}
