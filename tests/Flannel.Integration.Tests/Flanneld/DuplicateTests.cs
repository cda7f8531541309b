using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Flannel.Lab.Etcd;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>Two programs that are the same host to etcd: both say so, the first one keeps the lease, and the second one waits for it.</summary>
public sealed class DuplicateTests(ITestOutputHelper output)
{
    private const int HealthPort = StartTests.HealthPort;
    private const string Config = """{"Network":"10.5.0.0/16","Backend":{"Type":"vxlan"}}""";

    // The promise is 5 s, which is printed. A busy machine alone may take longer.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>A host that was given another one's public address; or an image of it, which remembers its lease as well.</summary>
    [NetnsTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SecondProgram_IsRefusedAndBothSaySo_UntilTheFirstIsGone(bool isImage)
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], Config);
        DirectoryInfo state = Directory.CreateTempSubdirectory("flannel-duplicate-");
        DirectoryInfo image = Directory.CreateTempSubdirectory("flannel-duplicate-");
        try
        {
            await using FlanneldProcess first = Start(0, state);
            await first.WaitForReadyAsync();
            string file = await first.WaitForSubnetFileAsync();
            string lease = await ReadLeasesAsync();
            if (isImage) Assert.NotEmpty(Copy(state, image));

            long started = Stopwatch.GetTimestamp();
            await using FlanneldProcess second = Start(1, image, $"-public-ip={lab.Hosts[0].Address}");
            await second.WaitForOutputAsync("PublicIP");
            double refused = Stopwatch.GetElapsedTime(started).TotalSeconds;
            await first.WaitForOutputAsync("PublicIP");
            double told = Stopwatch.GetElapsedTime(started).TotalSeconds;
            output.WriteLine(
                $"the second one said so after {refused:0.00} s, the first one after {told:0.00} " +
                $"s{(FlanneldProcess.IsPublished ? ", published" : "")}");
            Assert.True(told < Limit.TotalSeconds, $"{told} s");

            Assert.Contains("PublicIP", await first.WaitForHealthAsync(HealthPort, "/readyz", HttpStatusCode.OK), StringComparison.Ordinal);
            Assert.Contains(
                "PublicIP", await second.WaitForHealthAsync(HealthPort, "/readyz", HttpStatusCode.ServiceUnavailable), StringComparison.Ordinal);
            Assert.False(File.Exists(second.SubnetFile));

            // Each of its attempts is a claim and an answer, two writes of the lease. Nothing else comes of them.
            int before = await ReadVersionAsync();
            while (await ReadVersionAsync() < before + 4)
            {
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(2), "The second one does not try again.");
                Assert.Equal(lease, await ReadLeasesAsync());
                Assert.Equal(HttpStatusCode.OK, (await first.GetAsync(HealthPort, "/readyz")).Status);
                Assert.Equal(HttpStatusCode.ServiceUnavailable, (await second.GetAsync(HealthPort, "/readyz")).Status);
                await Task.Delay(50);
            }

            Assert.Equal(0, await first.StopAsync());
            started = Stopwatch.GetTimestamp();
            await second.WaitForReadyAsync();
            output.WriteLine($"took over {Stopwatch.GetElapsedTime(started).TotalSeconds:0.00} s after the first one had gone");
            Assert.Equal(SubnetFile.Parse(file).Subnet, SubnetFile.Parse(await second.WaitForSubnetFileAsync()).Subnet);
        }
        finally
        {
            state.Delete(recursive: true);
            image.Delete(recursive: true);
        }

        FlanneldProcess Start(int host, DirectoryInfo kept, params string[] more) => DuplicateTests.Start(lab.Hosts[host], etcd, kept, more);

        Task<string> ReadLeasesAsync(params string[] more) => etcd.RunAsync(["get", "--prefix", "/coreos.com/network/subnets/", .. more]);

        async Task<int> ReadVersionAsync()
        {
            using JsonDocument found = JsonDocument.Parse(await ReadLeasesAsync("--write-out=json"));
            return found.RootElement.GetProperty("kvs")[0].GetProperty("version").GetInt32();
        }
    }

    /// <summary>An image that has an address of its own: the lease that it remembers is another one's, so it takes one of its own.</summary>
    [NetnsFact]
    public async Task Image_WithAnotherAddress_LeavesTheLeaseToItsHolderAndSaysSo()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 2 });
        await using EtcdServer etcd = await StartTests.StartEtcdAsync(lab.Hosts[0], Config);
        DirectoryInfo state = Directory.CreateTempSubdirectory("flannel-duplicate-");
        DirectoryInfo image = Directory.CreateTempSubdirectory("flannel-duplicate-");
        try
        {
            await using FlanneldProcess first = Start(lab.Hosts[0], etcd, state);
            await first.WaitForReadyAsync();
            Assert.NotEmpty(Copy(state, image));
            await using FlanneldProcess second = Start(lab.Hosts[1], etcd, image);
            await second.WaitForReadyAsync();

            IPNetwork? held = SubnetFile.Parse(await first.WaitForSubnetFileAsync()).Subnet;
            Assert.NotEqual(held, SubnetFile.Parse(await second.WaitForSubnetFileAsync()).Subnet);
            Assert.Contains("is held by the live host that has that address now", second.Output, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await first.GetAsync(HealthPort, "/readyz")).Status);

            // Two with one MAC would refuse each other.
            await Overlay.Eventually.IsTrueAsync(() => HasRouteAsync(lab.Hosts[0]), "the first one's route to the second one's subnet");
            await Overlay.Eventually.IsTrueAsync(() => HasRouteAsync(lab.Hosts[1]), "the second one's route to the first one's subnet");
        }
        finally
        {
            state.Delete(recursive: true);
            image.Delete(recursive: true);
        }

        static async Task<bool> HasRouteAsync(LabHost host) =>
            (await host.ExecAsync("ip", "route")).Contains("dev flannel.1 onlink", StringComparison.Ordinal);
    }

    private static FlanneldProcess Start(LabHost host, EtcdServer etcd, DirectoryInfo state, params string[] more) => FlanneldProcess.Start(
        host, [$"-etcd-endpoints={etcd.Members[0].Endpoint}", "-iface=eth0", $"-healthz-port={HealthPort}", $"-state-dir={state.FullName}", .. more]);

    /// <summary>What an image of the host holds. It boots by itself, which two namespaces of one kernel do not.</summary>
    private static string[] Copy(DirectoryInfo from, DirectoryInfo to)
    {
        string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
        string[] copies = [.. from.GetFiles().Select(file => file.CopyTo(Path.Combine(to.FullName, file.Name)).FullName)];
        foreach (string copy in copies)
        {
            string content = File.ReadAllText(copy);
            Assert.Contains(boot, content, StringComparison.Ordinal);
            File.WriteAllText(copy, content.Replace(boot, $"{Guid.NewGuid()}", StringComparison.Ordinal));
        }

        return copies;
    }
}
