namespace Flannel.Cni.Tests;

/// <summary>The samples of the package's README, compiled and run. The architecture tests compare them with what the README shows.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void Result_IsConverted()
    {
        using var output = new StringWriter();
        ShowResult(new Output(output));
        Assert.Equal(
            "10.1.2.1\n{\"cniVersion\":\"1.0.0\",\"ips\":[{\"address\":\"10.1.2.3/24\",\"gateway\":\"10.1.2.1\"}],\"dns\":{}}\n", output.ToString());
    }

    [Fact]
    public async Task Plugin_Answers()
    {
        using var output = new MemoryStream();
        var environment = new Dictionary<string, string>
        {
            ["CNI_COMMAND"] = "ADD",
            ["CNI_CONTAINERID"] = "c",
            ["CNI_NETNS"] = "/n",
            ["CNI_IFNAME"] = "lo",
            ["CNI_PATH"] = "/p",
        };
        Assert.Equal(
            0,
            await new CniPluginHost(environment, new MemoryStream("""{"name":"n","cniVersion":"1.0.0"}"""u8.ToArray()), output).RunAsync(
                new Loopback(), default));
        Assert.Equal(
            """{"cniVersion":"1.0.0","interfaces":[{"name":"lo","sandbox":"/n"}],"dns":{}}""", System.Text.Encoding.UTF8.GetString(output.ToArray()));
    }

    private static void ShowResult(Output Console)
    {
        #region Result
        CniResult result = CniResult.Parse("""{ "cniVersion": "0.2.0", "ip4": { "ip": "10.1.2.3/24", "gateway": "10.1.2.1" } }"""u8);
        Console.WriteLine(result.Addresses[0].Gateway); // 10.1.2.1
        Console.WriteLine(result.ConvertTo("1.0.0")); // {"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24","gateway":"10.1.2.1"}],"dns":{}}
        #endregion
    }

    // Compiled only: it is about folders of a real host. CniRunnerTests run the same calls.
    private static async Task ShowRunnerAsync()
    {
        #region Runner
        CniNetworkList list = CniNetworkList.LoadFirst("/etc/cni/net.d");
        var runner = new CniRunner(new CniRunnerOptions { PluginFolders = ["/opt/cni/bin"] });
        var container = new CniAttachment("web-1", "/run/netns/web-1");
        CniResult attached = await runner.AddAsync(list, container);
        Console.WriteLine(attached.Addresses[0].Address);
        await runner.DeleteAsync(list, container); // succeeds, too, if nothing is left
        await runner.CollectGarbageAsync(list, valid: []); // what runs still; the rest is cleaned up
        #endregion
    }

    private static async Task<int> ShowMainAsync()
    {
        #region Main
        return await CniPluginHost.RunAsync(new Loopback());
        #endregion
    }

    #region Plugin
    internal sealed class Loopback : CniPlugin
    {
        public override Task<CniResult> AddAsync(CniRequest request, CancellationToken cancellationToken) => Task.FromResult(
            request.PreviousResult
                ?? new CniResult { Interfaces = [new CniInterface(request.InterfaceName) { Sandbox = request.NetworkNamespace }] });

        public override Task DeleteAsync(CniRequest request, CancellationToken cancellationToken) => Task.CompletedTask;
    }
    #endregion

    private sealed class Output(TextWriter writer)
    {
        public void WriteLine(object? value) => writer.WriteLine(value);
    }
}
