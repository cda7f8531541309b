using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Flannel.Cni;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Overlay;
using Flannel.Lab.Cni;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;

namespace Flannel.Integration.Tests.Cni;

/// <summary>What a container runtime is on a host of a laboratory: our runner, our plugin, and the machine's plugins that do the work.</summary>
internal sealed class CniHost : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-cni-host-");
    private readonly List<(CniAttachment Attachment, NetworkNamespace Namespace)> _containers = [];

    /// <param name="host">The host.</param>
    /// <param name="subnetFile">Its agent's subnet file.</param>
    /// <param name="version">The version of CNI.</param>
    public CniHost(LabHost host, string subnetFile, string version = "0.4.0")
    {
        Host = host;
        string plugins = Directory.CreateDirectory(Path.Combine(Root, "bin")).FullName;
        File.Copy(CniPlugins.Executable!, Path.Combine(plugins, "flannel"));
        Runner = new CniRunner(new CniRunnerOptions
        {
            PluginFolders = [plugins, CniPlugins.Folder!],
            CacheFolder = Path.Combine(Root, "cache"),
            NetworkNamespace = $"/run/netns/{host.NamespaceName}",
        });
        List = CniNetworkList.Parse(
            $$$"""
            {
              "name": "cbr0", "cniVersion": "{{{version}}}",
              "plugins": [
                {
                  "type": "flannel", "subnetFile": "{{{subnetFile}}}", "dataDir": "{{{Root}}}/flannel", "ipam": { "dataDir": "{{{Root}}}/networks" },
                  "delegate": { "hairpinMode": true, "isDefaultGateway": true }
                },
                { "type": "portmap", "capabilities": { "portMappings": true } }
              ]
            }
            """);
    }

    public LabHost Host { get; }

    public CniRunner Runner { get; }

    public CniNetworkList List { get; }

    public string Root => _folder.FullName;

    /// <summary>Skips where something is missing.</summary>
    public static void Require()
    {
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        Skip.If(CniPlugins.Folder is null, "bridge, host-local and portmap are missing (Debian: containernetworking-plugins)");
        Skip.If(CniPlugins.Executable is null, "no published CNI plugin; ./build.sh test has one");
    }

    /// <summary>Attaches a new namespace.</summary>
    public async Task<(CniAttachment Attachment, NetworkNamespace Namespace, CniResult Result)> AttachAsync(
        string id, JsonObject? capabilities = null)
    {
        NetworkNamespace made = NetworkNamespace.CreateAnonymous();
        // A name that a test can take away. The number of a descriptor is soon another file's.
        string name = Path.Combine(Root, $"netns-{id}");
        File.CreateSymbolicLink(name, $"/proc/{Environment.ProcessId}/fd/{made.Handle.DangerousGetHandle()}");
        var attachment = new CniAttachment(id, name) { Capabilities = capabilities };
        _containers.Add((attachment, made));
        return (attachment, made, await Runner.AddAsync(List, attachment));
    }

    /// <summary>Pings until it answers, and then without a loss.</summary>
    public static async Task AssertPingsAsync(NetworkNamespace from, CniResult to, Func<string> describe)
    {
        foreach (IPAddress address in to.Addresses.Select(entry => entry.Address))
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (!(await Pinger.PingAsync(from, address)).AllAnswered && !limit.IsCancellationRequested)
            {
            }

            PingReport report = await Pinger.PingAsync(from, address, new PingOptions { Count = 5 });
            Assert.True(report.AllAnswered, $"{address}: {report}\n{describe()}");
        }
    }

    /// <summary>Detaches everything, and sees that nothing is left on the host.</summary>
    public async Task AssertNothingIsLeftAfterDetachingAsync()
    {
        foreach ((CniAttachment attachment, _) in _containers) await Runner.DeleteAsync(List, attachment);
        Assert.Empty(Runner.GetAttachments());
        Assert.Empty(Directory.GetFiles(Path.Combine(Root, "flannel")));
        Assert.DoesNotContain(
            Directory.GetFiles(Path.Combine(Root, "networks", "cbr0")),
            file => IPAddress.TryParse(Path.GetFileName(file), out IPAddress? address)
                && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6);
        // The kernel takes the devices of a namespace away some time after the namespace.
        await Eventually.IsTrueAsync(
            async () => !(await Host.ExecAsync("ip", "link")).Contains("veth", StringComparison.Ordinal), "the last veth goes");
    }

    public void Dispose()
    {
        foreach ((_, NetworkNamespace made) in _containers) made.Dispose();
        _folder.Delete(recursive: true);
    }
}
