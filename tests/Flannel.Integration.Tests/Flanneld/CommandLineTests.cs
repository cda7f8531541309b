using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Routes;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>How the console host ends when it does not even start.</summary>
public sealed class CommandLineTests
{
    [NetnsFact]
    public async Task WrongCommandLines_EndWithOneAndEveryReason()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });

        Assert.Equal(
            "flanneld: flag -healthz-port cannot be \"http\": it must be a whole number\n" +
            "flanneld: flag -public-ip cannot be \"here\": it must be an IPv4 address\n" +
            "flanneld: flanneld -help lists all flags\n",
            await RunAsync(1, "-healthz-port=http", "--public-ip", "here"));
        Assert.Equal(
            "flanneld: there is no flag -ifaec; did you mean -iface?\nflanneld: flanneld -help lists all flags\n", await RunAsync(1, "-ifaec=eth0"));
        Assert.Equal(
            "flanneld: flag -public-ip is '127.0.0.1', which is a loopback address; it must be an address by which other hosts reach this one\n" +
            "flanneld: flag -public-ipv6 is 'ff02::1', which is a multicast address; it must be an address by which other hosts reach this one\n",
            await RunAsync(1, "--public-ip=127.0.0.1", "--public-ipv6=ff02::1"));

        async Task<string> RunAsync(int code, params string[] arguments)
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], arguments);
            Assert.Equal(code, await flanneld.WaitForExitAsync());
            return flanneld.Output;
        }
    }

    [NetnsFact]
    public async Task VersionAndHelp_EndWithZero_WhateverTheEnvironmentSays()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        var environment = new Dictionary<string, string> { ["FLANNELD_PUBLIC_IP"] = "nonsense" };
        foreach ((string flag, string expected) in new[] { ("--version", "0."), ("-help", "usage: flanneld [flags]") })
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], environment, flag);
            Assert.Equal(0, await flanneld.WaitForExitAsync());
            Assert.StartsWith(expected, flanneld.Output, StringComparison.Ordinal);
        }
    }

    [NetnsFact]
    public async Task EtcdsName_DoesNotResolve_IsSaidWhetherNameServersAnswerOrNot()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            lab.Hosts[0], "--etcd-endpoints=http://nowhere.invalid:2379, http://neither.invalid:2379,");

        await flanneld.WaitForOutputAsync("http://nowhere.invalid:2379: cannot connect: its name does not resolve (");
        await flanneld.WaitForOutputAsync("http://neither.invalid:2379: cannot connect: its name does not resolve (");
    }

    [NetnsFact]
    public async Task TakenPort_EndsWithOneAndTheReason()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using FlanneldProcess first = FlanneldProcess.Start(lab.Hosts[0], "--store=memory", $"-healthz-port={StartTests.HealthPort}");
        await first.WaitForReadyAsync();
        await using FlanneldProcess second = FlanneldProcess.Start(lab.Hosts[0], "--store=memory", $"-healthz-port={StartTests.HealthPort}");

        Assert.Equal(1, await second.WaitForExitAsync());
        Assert.Contains(
            $"cannot listen on 0.0.0.0:{StartTests.HealthPort}: Address already in use; change -healthz-ip or -healthz-port",
            second.Output,
            StringComparison.Ordinal);
    }

    [NetnsFact]
    public async Task DockerOptions_AreWritten_ButNotForASubnetThatIsElsewhere()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-docker-");
        try
        {
            string input = Path.Combine(folder.FullName, "subnet.env");
            string output = Path.Combine(folder.FullName, "docker");
            await File.WriteAllTextAsync(input, "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.74.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n");
            const string Expected = "DOCKER_NETWORK_OPTIONS=\" --bip=10.1.74.1/24 --ip-masq=false --mtu=1450\"\n";

            Assert.Equal((0, ""), await RunAsync());
            Assert.Equal(Expected, await File.ReadAllTextAsync(output));

            host.Netlink.AddRoute(new RouteEntry
            {
                Destination = new System.Net.IPNetwork(System.Net.IPAddress.Parse("10.1.74.0"), 24),
                Gateway = System.Net.IPAddress.Parse("192.168.100.200"),
                LinkIndex = host.Device("eth0").Index,
            });
            File.Delete(output);
            Assert.Equal(
                (1, "flanneld docker-opts: the routing table already contains the subnet: 10.1.74.0/24 via 192.168.100.200\n"), await RunAsync());
            Assert.Equal(Expected, await File.ReadAllTextAsync(output)); // written all the same, as flannel's script does

            async Task<(int, string)> RunAsync()
            {
                await using FlanneldProcess flanneld = FlanneldProcess.Start(
                    host, "docker-opts", "-f", input, "-d", output, "-c", "-k", "DOCKER_NETWORK_OPTIONS");
                return (await flanneld.WaitForExitAsync(), flanneld.Output);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
