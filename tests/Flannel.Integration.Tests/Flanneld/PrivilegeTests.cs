using System.Globalization;
using Flannel.Integration.Tests.Image;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Flanneld;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>What the console host can do once it runs is what it needs, and its unit file allows no more.</summary>
public sealed class PrivilegeTests
{
    // CAP_DAC_READ_SEARCH, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW
    private const ulong Kept = 1 << 2 | 1 << 10 | 1 << 12 | 1 << 13;

    [NetnsTheory]
    [InlineData("vxlan")]
    [InlineData("udp")]
    [InlineData("host-gw")]
    public async Task Agent_GivesUpWhatItDoesNotNeed_AndWorks(string backend)
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        string config = await WriteConfigAsync(backend);
        try
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], "-store=memory", $"-net-config-path={config}", "-ip-masq");
            await flanneld.WaitForReadyAsync();
            await flanneld.WaitForOutputAsync("traffic rules written");

            IReadOnlyDictionary<string, string>[] threads = [.. StatusOfThreads(flanneld.Id)];
            Assert.NotEmpty(threads);
            Assert.All(threads, static thread =>
            {
                foreach (string set in (string[])["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
                {
                    Assert.True(
                        (ulong.Parse(thread[set], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ~Kept) == 0,
                        $"{thread["Name"]}: {set} {thread[set]}");
                }

                Assert.Equal("1", thread["NoNewPrivs"]);
            });
            if (FlanneldProcess.IsPublished)
                Assert.DoesNotContain("dotnet-diagnostic", await File.ReadAllTextAsync($"/proc/{flanneld.Id}/net/unix"), StringComparison.Ordinal);
            Assert.Equal(0, await flanneld.StopAsync());
        }
        finally
        {
            File.Delete(config);
        }
    }

    [NetnsFact]
    public async Task Agent_ListensBelow1024()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        string config = await WriteConfigAsync("udp", ",\"Port\":443");
        try
        {
            await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], "-store=memory", $"-net-config-path={config}");
            await flanneld.WaitForReadyAsync();

            Assert.Contains(":443 ", await lab.Hosts[0].ExecAsync("ss", "-Hlun"), StringComparison.Ordinal);
            Assert.Equal(0, await flanneld.StopAsync());
        }
        finally
        {
            File.Delete(config);
        }
    }

    [NetnsFact]
    public async Task Agent_KeepsItsPrivilegesIfAsked()
    {
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        await using FlanneldProcess flanneld = FlanneldProcess.Start(lab.Hosts[0], "-store=memory", "-keep-privileges");
        await flanneld.WaitForReadyAsync();

        Assert.All(StatusOfThreads(flanneld.Id), static thread => Assert.Equal("0", thread["NoNewPrivs"]));
        Assert.Equal(0, await flanneld.StopAsync());
    }

    [SkippableFact]
    public void Unit_IsRatedAtMostTwoAndAHalf()
    {
        Skip.IfNot(File.Exists("/usr/bin/systemd-analyze"), "systemd-analyze is not installed");
        string unit = Path.Combine(Repository.Root, "src", "Flanneld", "Systemd", "flanneld.service");

        string report = ImageFixture.Run("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]);

        string rating = report.Split("exposure level for flanneld.service: ")[1].Split(' ')[0];
        Assert.InRange(double.Parse(rating, CultureInfo.InvariantCulture), 0, 2.5);
    }

    /// <summary>
    /// The runtime that compiles as it runs has threads before the program begins, and these keep what they have; the published program has none.
    /// </summary>
    private static IEnumerable<IReadOnlyDictionary<string, string>> StatusOfThreads(int process)
    {
        foreach (string thread in Directory.GetDirectories($"/proc/{process}/task"))
        {
            if (!FlanneldProcess.IsPublished && Path.GetFileName(thread) != $"{process}") continue;
            string[] lines;
            try
            {
                lines = File.ReadAllLines(Path.Combine(thread, "status"));
            }
            catch (IOException)
            {
                continue; // it has ended
            }

            yield return lines.Select(static line => line.Split(':', 2)).ToDictionary(static parts => parts[0], static parts => parts[1].Trim());
        }
    }

    private static async Task<string> WriteConfigAsync(string backend, string more = "")
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, $$"""{"Network":"10.5.0.0/16","Backend":{"Type":"{{backend}}"{{more}}} }""");
        return path;
    }
}
