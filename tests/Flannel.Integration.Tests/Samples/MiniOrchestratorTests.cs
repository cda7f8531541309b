using Flannel.Extensibility;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Cni;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Samples;

/// <summary>The sample, on a laboratory's host, with the machine's plugins.</summary>
public sealed class MiniOrchestratorTests
{
    [SkippableFact]
    public async Task Namespaces_AreAttachedAndDetached()
    {
        Skip.If(Netns.Obstacle is not null, Netns.Obstacle);
        Skip.If(CniPlugins.Folder is null, "bridge, host-local and portmap are missing (Debian: containernetworking-plugins)");
        await using NetworkLab lab = NetworkLab.Create(new LabOptions { Hosts = 1 });
        using NetworkNamespace one = NetworkNamespace.CreateAnonymous();
        using NetworkNamespace other = NetworkNamespace.CreateAnonymous();
        string[] paths = [.. new[] { one, other }.Select(made => $"/proc/{Environment.ProcessId}/fd/{made.Handle.DangerousGetHandle()}")];
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-mini-");
        try
        {
            string list = Path.Combine(folder.FullName, "10-mini.conflist");
            await File.WriteAllTextAsync(
                list,
                $$$"""{"name":"mini","cniVersion":"0.4.0","plugins":[{"type":"bridge","bridge":"mini0","isGateway":true,"ipam":{"type":"host-local","dataDir":"{{{folder.FullName}}}/networks","subnet":"10.9.0.0/24"}}]}""");

            string output = await lab.Hosts[0].ExecAsync(
                "dotnet",
                Repository.PathOf("samples", "MiniOrchestrator", "bin", Repository.Configuration, Repository.Framework, "MiniOrchestrator.dll"),
                list, CniPlugins.Folder!, folder.FullName, paths[0], paths[1]);

            string[] names = [.. paths.Select(path => $"mini-{Path.GetFileName(path)}")];
            Assert.Equal($"{names[0]}: 10.9.0.2/24\n{names[1]}: 10.9.0.3/24\n{names[0]}: detached\n{names[1]}: detached\n", output);
            Assert.Empty(Directory.GetFiles(Path.Combine(folder.FullName, "results")));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
