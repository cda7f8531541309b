using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Integration.Tests.Kubernetes;
using Flannel.Integration.Tests.Tree;

namespace Flannel.Integration.Tests.Samples;

/// <summary>A node in a generic host inside a pod, with no more than the role beside it.</summary>
public sealed class KubernetesOperatorTests
{
    private static readonly string Folder = Repository.PathOf("samples", "KubernetesOperator");

    [Fact]
    public void Program_FitsInTwentyLines() => Assert.InRange(File.ReadAllLines(Path.Combine(Folder, "Program.cs")).Length, 1, 20);

    [SkippableFact]
    public async Task Operator_WithItsRole_BecomesReady()
    {
        await using KubeOverlay cluster = await KubeOverlay.StartAsync(hosts: 1);
        await Manifest.ApplyAsync(cluster.Api, Manifest.Read(Path.Combine(Folder, "operator.yaml")));
        JsonObject answer = await cluster.Api.SendAsync(
            HttpMethod.Post, "/api/v1/namespaces/overlay/serviceaccounts/operator/token",
            JsonNode.Parse("""{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"""));
        await cluster.MountAsync((string)answer["status"]!["token"]!);
        await cluster.Api.CreateNodeAsync(KubeOverlay.NodeOf(0), "10.244.5.0/24");

        var output = new StringBuilder();
        string program = Path.Combine(Folder, "bin", Repository.Configuration, Repository.Framework, "KubernetesOperator.dll");
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(
                "ip",
                ["netns", "exec", cluster.Lab.Hosts[0].NamespaceName, .. cluster.PodOf($"NODE_NAME={KubeOverlay.NodeOf(0)}"), "dotnet", program])
            {
                RedirectStandardOutput = true,
            },
        };
        process.OutputDataReceived += (_, line) => Append(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        try
        {
            await cluster.UntilAsync(
                () => Task.FromResult(process.HasExited || Read().Contains("Ready with 10.244.5.0-24", StringComparison.Ordinal)), "readiness");
            Assert.False(process.HasExited, Read());
            Assert.Equal("true", (await cluster.AnnotationsAsync(KubeOverlay.NodeOf(0)))["kube-subnet-manager"]);
            using (Process kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -s TERM {process.Id}")]))
                await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            await process.WaitForExitAsync(limit.Token);
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited) process.Kill();
        }

        void Append(string? line)
        {
            lock (output) output.Append(line).Append('\n');
        }

        string Read()
        {
            lock (output) return output.ToString();
        }
    }
}
