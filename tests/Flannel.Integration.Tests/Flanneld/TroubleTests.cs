using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Flannel.Netlink.Route.Links;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>Whatever is wrong around it, the console host says what, soon, and goes on when it is cured.</summary>
public sealed partial class TroubleTests
{
    // The promise is 3 seconds; a machine that is busy with other tests gets more.
    private static readonly TimeSpan ReportLimit = TimeSpan.FromSeconds(15);

    [NetnsFact]
    public async Task NobodyListening_IsReported_UntilEtcdIsThere()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            lab.Hosts[0], "-etcd-endpoints=http://127.0.0.1:1", $"-healthz-port={StartTests.HealthPort}");

        await AssertReportedAsync(flanneld, "http://127.0.0.1:1: cannot connect: Connection refused");
        string body = await flanneld.WaitForHealthAsync(StartTests.HealthPort, "/readyz", HttpStatusCode.ServiceUnavailable);
        Assert.StartsWith("flanneld is not ready yet\n", body, StringComparison.Ordinal);
        Assert.Contains("Connection refused", body, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "flanneld is running"), await flanneld.GetAsync(StartTests.HealthPort, "/healthz"));
        Assert.False(File.Exists(flanneld.SubnetFile));
        Assert.Equal(0, await flanneld.StopAsync());
    }

    [NetnsFact]
    public async Task NobodyAnswering_IsReported()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];

        // A listener that never accepts: connections get through, and then nothing comes.
        using Socket silent = host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        silent.Listen();
        int port = ((IPEndPoint)silent.LocalEndPoint!).Port;
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            host, $"-etcd-endpoints=http://127.0.0.1:{port}", $"-healthz-port={StartTests.HealthPort}");

        await AssertReportedAsync(
            flanneld, $"Still not ready: reading the network configuration, and no answer so far; leases are in etcd at http://127.0.0.1:{port}");
        await flanneld.WaitForOutputAsync("Not ready, trying again: ");
    }

    [NetnsFact]
    public async Task UnknownAuthority_IsReported()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var certificates = new EtcdCertificates();
        using var others = new EtcdCertificates();
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], config: null, new EtcdOptions { Certificates = certificates });
        await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], StartTests.Endpoints(etcd), $"-etcd-cafile={others.Authority}");

        await AssertReportedAsync(flanneld, "certificate");
        Assert.Equal(0, await flanneld.StopAsync());
    }

    [NetnsFact]
    public async Task KnownAuthority_IsEnoughForTls()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var certificates = new EtcdCertificates();
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], config: null, new EtcdOptions { Certificates = certificates });
        await etcd.RunAsync("put", "/coreos.com/network/config", StartTests.Config);
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            lab.Hosts[0], StartTests.Endpoints(etcd), $"-etcd-cafile={certificates.Authority}");

        await flanneld.WaitForReadyAsync();
    }

    [NetnsFact]
    public async Task BadCredentials_AreReported()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0]);
        await etcd.EnableAuthenticationAsync();
        await using FlanneldProcess flanneld = FlanneldProcess.Start(
            lab.Hosts[0],
            new Dictionary<string, string> { ["FLANNELD_ETCD_PASSWORD"] = "hunter2" },
            StartTests.Endpoints(etcd), "-etcd-username=flannel", "-etcd-allow-insecure-credentials");

        await AssertReportedAsync(flanneld, "authentication failed");
        Assert.DoesNotContain("hunter2", flanneld.Output, StringComparison.Ordinal);

        await etcd.RunAsync("user", "add", "flannel:hunter2");
        await etcd.RunAsync("user", "grant-role", "flannel", "root");
        await flanneld.WaitForReadyAsync();
        Assert.Equal(0, await flanneld.StopAsync());
    }

    [NetnsFact]
    public async Task MissingAndInvalidConfiguration_AreReported_UntilThereIsAGoodOne()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], config: null);
        await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], StartTests.Endpoints(etcd));
        await AssertReportedAsync(flanneld, "there is none; write one such as");

        await etcd.RunAsync("put", "/coreos.com/network/config", """{"Network": "10.0.0.0/8", "SubnetLen": 40}""");
        await flanneld.WaitForOutputAsync("SubnetLen");
        await etcd.RunAsync("put", "/coreos.com/network/config", """{"Network": "10.5.0.0/16", "Backend": {"Type": "ipsec"}}""");
        await flanneld.WaitForOutputAsync("ipsec");
        await etcd.RunAsync("put", "/coreos.com/network/config", StartTests.Config);
        await flanneld.WaitForReadyAsync();
    }

    [NetnsFact]
    public async Task MissingInterface_IsReported_UntilItIsThere()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        LabHost host = lab.Hosts[0];
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(host);
        await using FlanneldProcess flanneld = FlanneldProcess.Start(host, StartTests.Endpoints(etcd), "-iface=late0");
        await AssertReportedAsync(flanneld, "late0");

        host.Netlink.CreateLink(new VethLinkSpec("late0", "late1") { IsUp = true });
        await host.ExecAsync("ip", "link", "set", "late1", "up");
        await host.ExecAsync("ip", "addr", "add", "172.30.0.1/24", "dev", "late0");
        await flanneld.WaitForReadyAsync();
    }

    [NetnsFact]
    public async Task SubnetFileThatCannotBeWritten_IsNotReady_UntilItCan()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0]);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-subnet-");
        try
        {
            // A file where a folder has to be stops root, too.
            string obstacle = Path.Combine(folder.FullName, "flannel");
            await File.WriteAllTextAsync(obstacle, "");
            string file = Path.Combine(obstacle, "subnet.env");
            await using FlanneldProcess flanneld = FlanneldProcess.Start(
                lab.Hosts[0], StartTests.Endpoints(etcd), $"-subnet-file={file}", $"-healthz-port={StartTests.HealthPort}");
            await flanneld.WaitForOutputAsync("The subnet file cannot be written; trying again.");

            await flanneld.WaitForHealthAsync(StartTests.HealthPort, "/readyz", HttpStatusCode.ServiceUnavailable, file);
            Assert.DoesNotContain("] Ready with ", flanneld.Output, StringComparison.Ordinal);

            File.Delete(obstacle);
            await flanneld.WaitForHealthAsync(StartTests.HealthPort, "/readyz", HttpStatusCode.OK);
            Assert.StartsWith("FLANNEL_NETWORK=10.0.0.0/8\n", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
            await flanneld.WaitForReadyAsync();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>That the reason is in the log, and how soon after the start by the log's own clock.</summary>
    private static async Task AssertReportedAsync(FlanneldProcess flanneld, string reason)
    {
        await flanneld.WaitForOutputAsync(reason);
        TimeSpan[] times =
            [.. LogTime().Matches(flanneld.Output).Select(match => TimeSpan.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];
        string[] lines = [.. flanneld.Output.Split('\n').Where(line => LogTime().IsMatch(line))];
        int line = Array.FindIndex(lines, text => text.Contains(reason, StringComparison.Ordinal));
        TimeSpan taken = times[line] - times[0];
        if (taken < TimeSpan.Zero) taken += TimeSpan.FromDays(1);
        Assert.InRange(taken, TimeSpan.Zero, ReportLimit);
        Assert.Matches("^[WE]", lines[line]);
    }

    [GeneratedRegex(@"^[IWEF]\d{4} (\d\d:\d\d:\d\d\.\d{6}) ", RegexOptions.Multiline)]
    private static partial Regex LogTime();
}
