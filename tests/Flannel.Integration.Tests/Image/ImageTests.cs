using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Image;

/// <summary>What <c>./build.sh image</c> makes: its bytes, its content, and that it runs with no more rights than the manifest gives it.</summary>
public sealed class ImageTests(ImageFixture image) : IClassFixture<ImageFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public void Image_MadeTwice_HasTheSameBytes()
    {
        ImageFixture.Require();
        string second = image.Build(
            "second.tar",
            ("TZ", "Asia/Tokyo"),
            ("LC_ALL", "C.UTF-8"),
            ("TMPDIR", Directory.CreateDirectory(Path.Combine(image.Folder, "elsewhere")).FullName));

        Assert.Equal(SHA256.HashData(File.ReadAllBytes(image.Archive)), SHA256.HashData(File.ReadAllBytes(second)));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(image.Folder, "elsewhere")));
    }

    [SkippableFact]
    public void Image_StartsFlanneldAsRoot()
    {
        ImageFixture.Require("skopeo");
        JsonNode config = image.ReadConfig();

        Assert.Equal("linux", (string?)config["os"]);
        Assert.Equal("2023-11-14T22:13:20Z", (string?)config["created"]);
        Assert.Equal("0:0", (string?)config["config"]!["User"]);
        Assert.Equal("""["/opt/bin/flanneld"]""", config["config"]!["Entrypoint"]!.ToJsonString());
        Assert.Equal("""["PATH=/usr/sbin:/usr/bin"]""", config["config"]!["Env"]!.ToJsonString());
        Assert.Contains(
            "NET_ADMIN and NET_RAW", (string?)config["config"]!["Labels"]!["org.opencontainers.image.description"], StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Image_HoldsWhatFlanneldStarts_AndNoShell()
    {
        ImageFixture.Require("skopeo");
        IReadOnlyList<TarEntry> entries = image.ReadEntries();
        Dictionary<string, TarEntry> found = [];
        foreach (TarEntry entry in entries) found[entry.Name.TrimEnd('/')] = entry;

        Assert.All(
            [
                "./opt/bin/flanneld",
                "./flannel",
                "./usr/sbin/nft",
                "./usr/sbin/xtables-nft-multi",
                "./usr/sbin/xtables-legacy-multi",
                "./usr/bin/ip",
                "./usr/sbin/bridge",
            ],
            name => Assert.True(found.TryGetValue(name, out TarEntry? entry) && entry.Mode.HasFlag(UnixFileMode.OtherExecute), name));
        Assert.Equal("flanneld", found["./opt/bin/install-conf"].LinkName);
        Assert.Equal("xtables-nft-multi", found["./usr/sbin/iptables"].LinkName);
        Assert.Equal("xtables-nft-multi", found["./usr/sbin/ip6tables-restore"].LinkName);
        Assert.Equal("../../usr/sbin/xtables-legacy-multi", found["./opt/iptables-legacy/iptables"].LinkName);
        Assert.DoesNotContain(
            found.Keys,
            name => name.EndsWith("/sh", StringComparison.Ordinal) || name.EndsWith("/bash", StringComparison.Ordinal)
                || name.EndsWith("/apt", StringComparison.Ordinal));
        Assert.Contains(found.Keys, name => name == "./var/lib/dpkg/status.d/nftables"); // for scanners
        Assert.Contains(found.Keys, name => name == "./usr/share/doc/iptables/copyright");

        Assert.All(entries, entry => Assert.Equal((0, 0), (entry.Uid, entry.Gid)));
        Assert.All(entries, entry => Assert.Equal(ImageFixture.Time, entry.ModificationTime.ToUnixTimeSeconds()));
        Assert.All(entries, entry => Assert.False(entry.Mode.HasFlag(UnixFileMode.SetUser) || entry.Mode.HasFlag(UnixFileMode.SetGroup), entry.Name));
        Assert.All(
            entries.Where(entry => entry.EntryType is not TarEntryType.SymbolicLink && entry.Name is not "./tmp/"),
            entry => Assert.False(entry.Mode.HasFlag(UnixFileMode.OtherWrite), entry.Name));
    }

    [SkippableFact]
    public void Programs_FindTheirLibraries()
    {
        ImageFixture.Require("skopeo", "chroot");
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        string root = image.Unpack("root");

        Assert.StartsWith("nftables v", ImageFixture.Run("chroot", [root, "/usr/sbin/nft", "--version"]), StringComparison.Ordinal);
        Assert.Contains("(nf_tables)", ImageFixture.Run("chroot", [root, "/usr/sbin/iptables", "--version"]), StringComparison.Ordinal);
        Assert.Contains("(nf_tables)", ImageFixture.Run("chroot", [root, "/usr/sbin/ip6tables-restore", "--version"]), StringComparison.Ordinal);
        Assert.Contains("(legacy)", ImageFixture.Run("chroot", [root, "/opt/iptables-legacy/ip6tables", "--version"]), StringComparison.Ordinal);
        Assert.Contains("iproute2", ImageFixture.Run("chroot", [root, "/usr/bin/ip", "-V"]), StringComparison.Ordinal);
        ImageFixture.Run("chroot", [root, "/usr/sbin/bridge", "-V"]);
        ImageFixture.Run("chroot", [root, "/opt/bin/flanneld", "-version"]);
        ImageFixture.Run("chroot", [root, "/flannel", "install", "/tmp/flannel"]);
        Assert.Equal(File.ReadAllBytes(Path.Combine(root, "flannel")), File.ReadAllBytes(Path.Combine(root, "tmp/flannel")));
    }

    /// <summary>As the manifest has it: no right but two, nothing to write to but the host's folders, and the kernel's settings read-only.</summary>
    [SkippableTheory]
    [InlineData("runc", false)]
    [InlineData("runc", true)]
    [InlineData("crun", false)]
    public async Task Container_WithTwoCapabilitiesAndAReadOnlyRoot_BecomesReady(string runtime, bool isNftables)
    {
        ImageFixture.Require("skopeo", runtime);
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var bundle = new Bundle(image, runtime, lab.Hosts[0]);
        bundle.WriteConfig($$$"""{"Network":"10.244.0.0/16","EnableNFTables":{{{(isNftables ? "true" : "false")}}},"Backend":{"Type":"vxlan"}}""");

        bundle.Start("/opt/bin/flanneld", "-store=memory", "-net-config-path=/etc/kube-flannel/net-conf.json", "-ip-masq", "-healthz-port=8081");
        Skip.If(!await bundle.WaitAsync(() => bundle.HasRun, Deadline), $"{runtime} does not run here: {bundle.Output}");
        Assert.True(await bundle.WaitAsync(() => bundle.Output.Contains("Ready with ", StringComparison.Ordinal), Deadline), bundle.Output);

        Assert.Contains("FLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n", await File.ReadAllTextAsync(bundle.SubnetFile), StringComparison.Ordinal);
        Assert.Contains("flannel.1", await lab.Hosts[0].ExecAsync("ip", "link"), StringComparison.Ordinal);
        Assert.Contains("masquerade", await lab.Hosts[0].ExecAsync("nft", "list", "ruleset"), StringComparison.Ordinal);
        string status = await File.ReadAllTextAsync($"/proc/{bundle.ReadProcessId()}/status");
        const long Wanted = (1 << 12) | (1 << 13); // capability.h: CAP_NET_ADMIN, CAP_NET_RAW
        Assert.Contains($"CapEff:\t{Wanted:x16}\n", status, StringComparison.Ordinal);
        Assert.Contains($"CapBnd:\t{Wanted:x16}\n", status, StringComparison.Ordinal);
        Assert.Equal(0, await bundle.StopAsync());
    }

    [SkippableFact]
    public async Task InitContainer_WithoutAnyRight_InstallsTheConfiguration()
    {
        ImageFixture.Require("skopeo", "runc");
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using var bundle = new Bundle(image, "runc", lab.Hosts[0], capabilities: []);
        bundle.WriteConfig("""{"name":"cbr0","plugins":[]}""");

        bundle.Start("/opt/bin/install-conf", "/etc/kube-flannel/net-conf.json", "/run/flannel/10-flannel.conflist");
        int code = await bundle.WaitForExitAsync();

        string installed = Path.Combine(Path.GetDirectoryName(bundle.SubnetFile)!, "10-flannel.conflist");
        Skip.If(!bundle.HasRun, $"runc does not run here: {bundle.Output}");
        Assert.True(code == 0, bundle.Output);
        Assert.Equal("""{"name":"cbr0","plugins":[]}""", await File.ReadAllTextAsync(installed));
    }
}
