using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Cni;
using Flannel.Lab.Cni;
using Flannel.Lab.Files;

namespace FlannelCni.Tests;

/// <summary>flannel's plugin in this process, with delegates that are scripts.</summary>
public sealed class FlannelPluginTests : IDisposable
{
    private const string SubnetFile = "FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
    private const string DualStack =
        "FLANNEL_NETWORK=10.5.0.0/16,10.6.0.0/16,10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\n" +
        "FLANNEL_IPV6_NETWORK=2001:cafe:42::/56\nFLANNEL_IPV6_SUBNET=2001:cafe:42::1/64\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n";
    private const string Result = """{"cniVersion":"1.1.0","ips":[{"address":"10.5.52.2/24"}],"dns":{}}""";
    private const string Answering = $"[ \"$CNI_COMMAND\" = ADD ] && echo '{Result}'; exit 0";
    private const string Failing = """echo '{"code":11,"msg":"busy"}'; exit 1""";

    private readonly ScriptedPlugins _plugins = new();

    public FlannelPluginTests()
    {
        File.WriteAllText(Subnet, SubnetFile);
        _plugins.Add("bridge", Answering);
    }

    public void Dispose() => _plugins.Dispose();

    private string Subnet => Path.Combine(_plugins.Root, "subnet.env");

    private string Data => Path.Combine(_plugins.Root, "data");

    [Fact]
    public async Task Add_CompletesTheDelegate_StoresIt_AndReturnsItsResult()
    {
        (int code, string output) =
            await RunAsync("ADD", """ "delegate":{"hairpinMode":true,"isDefaultGateway":true},"runtimeConfig":{"ips":["10.5.52.9"]},""");

        Assert.Equal((0, Result), (code, output));
        const string Expected =
            """{"hairpinMode":true,"isDefaultGateway":true,"name":"cbr0","type":"bridge","ipMasq":false,"mtu":1450,"isGateway":true,"cniVersion":"1.1.0","runtimeConfig":{"ips":["10.5.52.9"]},"ipam":{"type":"host-local","ranges":[[{"subnet":"10.5.52.0/24"}]],"routes":[{"dst":"10.5.0.0/16"}]}}""";
        Assert.Equal(Expected, _plugins.InputOf("bridge", "ADD"));
        Assert.Equal([Path.Combine(Data, "c1")], Directory.GetFiles(Data));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(Data, "c1")));
    }

    [Fact]
    public async Task Add_DualStack_HasBothRangesAndEachNetworkOnce()
    {
        File.WriteAllText(Subnet, DualStack);
        await RunAsync("ADD", """ "ipam":{"routes":[{"dst":"192.0.2.0/24"}],"dataDir":"/x"},""");

        JsonNode made = JsonNode.Parse(_plugins.InputOf("bridge", "ADD"))!;
        Assert.Equal(
            """{"routes":[{"dst":"192.0.2.0/24"},{"dst":"10.5.0.0/16"},{"dst":"10.6.0.0/16"},{"dst":"2001:cafe:42::/56"}],"dataDir":"/x","type":"host-local","ranges":[[{"subnet":"10.5.52.0/24"}],[{"subnet":"2001:cafe:42::/64"}]]}""",
            made["ipam"]!.ToJsonString());
        Assert.True((bool)made["ipMasq"]!); // the agent does not
    }

    [Fact]
    public async Task Add_OtherDelegate_IsNoGateway_AndWhatTheUserSaysCounts()
    {
        _plugins.Add("ptp", Answering);
        await RunAsync("ADD", """ "delegate":{"type":"ptp","mtu":1300,"ipMasq":true},""");
        JsonNode made = JsonNode.Parse(_plugins.InputOf("ptp", "ADD"))!;
        Assert.Null(made["isGateway"]);
        Assert.Equal((1300, true), ((int)made["mtu"]!, (bool)made["ipMasq"]!));
    }

    [Theory]
    [InlineData(""" "delegate":{"name":"x"},""")]
    [InlineData(""" "delegate":{"ipam":{}},""")]
    [InlineData(""" "delegate":{"type":1},""")]
    [InlineData(""" "delegate":{"type":"../x"},""")]
    [InlineData(""" "delegate":1,""")]
    [InlineData(""" "ipam":[],""")]
    [InlineData(""" "ipam":{"routes":{}},""")]
    public async Task Add_InvalidConfiguration_IsError7(string more)
    {
        Assert.Equal(7, await ErrorOf("ADD", more));
        Assert.Empty(_plugins.Calls);
    }

    [Theory]
    [InlineData("")]
    [InlineData("FLANNEL_NETWORK=10.5.0.0/16\n")]
    [InlineData("FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=x\nFLANNEL_IPMASQ=true\n")]
    [InlineData("FLANNEL_NETWORK=\"10.5.0.0/16\"\nFLANNEL_SUBNET=10.5.52.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")]
    [InlineData("FLANNEL_NETWORK=10.5.0.0/16\nFLANNEL_SUBNET=10.5.52.1/99\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")]
    public async Task SubnetFile_ThatIsMissingOrIncomplete_IsTriedAgain_AndSaysWhereToLook(string content)
    {
        if (content.Length == 0) File.Delete(Subnet);
        else File.WriteAllText(Subnet, content);

        (int code, string output) = await RunAsync("ADD");

        Assert.Equal((1, 11), (code, (int)JsonNode.Parse(output)!["code"]!));
        Assert.Contains(Subnet, output, StringComparison.Ordinal);
        Assert.Contains("log", output, StringComparison.Ordinal);
        Assert.Equal(50, await ErrorOf("STATUS"));
    }

    [Fact]
    public async Task Status_IsTheDelegatesToo()
    {
        Assert.Equal(0, (await RunAsync("STATUS")).Code);
        Assert.Equal(["bridge STATUS"], _plugins.Calls);
        _plugins.Add("bridge", """echo '{"code":51,"msg":"limited"}'; exit 1""");
        Assert.Equal(51, await ErrorOf("STATUS"));
    }

    [Fact]
    public async Task Delete_UsesWhatAddStored_WhateverTheAgentWroteSince()
    {
        await RunAsync("ADD");
        string added = _plugins.InputOf("bridge", "ADD");
        File.Delete(Subnet);

        Assert.Equal((0, ""), await RunAsync("DEL"));

        Assert.Equal(added, _plugins.InputOf("bridge", "DEL"));
        Assert.Empty(Directory.GetFiles(Data));
        Assert.Equal((0, ""), await RunAsync("DEL")); // nothing is left
        Assert.Equal(["bridge ADD", "bridge DEL"], _plugins.Calls);
    }

    [Fact]
    public async Task Delete_WhoseDelegateFails_KeepsTheConfiguration_SoThatTheNextWorks()
    {
        await RunAsync("ADD");
        _plugins.Add("bridge", Failing);
        Assert.Equal(11, await ErrorOf("DEL"));
        Assert.Single(Directory.GetFiles(Data));

        _plugins.Add("bridge", Answering);
        Assert.Equal(0, (await RunAsync("DEL")).Code);
        Assert.Empty(Directory.GetFiles(Data));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("{}")]
    [InlineData("{\"type\":\"../x\"}")]
    [InlineData("{\"type\":\"bridge\",\"type\":\"bridge\"}")]
    public async Task Delete_WithAFileThatIsNoConfiguration_Succeeds(string content)
    {
        Directory.CreateDirectory(Data);
        File.WriteAllText(Path.Combine(Data, "c1"), content);
        Assert.Equal((0, ""), await RunAsync("DEL"));
        Assert.Empty(_plugins.Calls);
        Assert.Empty(Directory.GetFiles(Data));
    }

    [Fact]
    public async Task Check_IsTheDelegates_WithThePreviousResult()
    {
        Assert.Equal(3, await ErrorOf("CHECK"));
        await RunAsync("ADD");
        Assert.Equal((0, ""), await RunAsync("CHECK", $"\"prevResult\":{Result},"));
        Assert.Equal(Result, JsonNode.Parse(_plugins.InputOf("bridge", "CHECK"))!["prevResult"]!.ToJsonString());
        _plugins.Add("bridge", Failing);
        Assert.Equal(11, await ErrorOf("CHECK"));
    }

    [Fact]
    public async Task Check_NamesTheGatewaysOfRoutes_WhichBridgeLooksFor()
    {
        await RunAsync("ADD");
        await RunAsync(
            "CHECK",
            """ "prevResult":{"cniVersion":"1.1.0","ips":[{"address":"10.5.52.2/24","gateway":"10.5.52.1"}],"routes":[{"dst":"10.5.0.0/16"},{"dst":"0.0.0.0/0","gw":"10.5.52.9"},{"dst":"::/0"}]},""");
        Assert.Equal(
            """[{"dst":"10.5.0.0/16","gw":"10.5.52.1"},{"dst":"0.0.0.0/0","gw":"10.5.52.9"},{"dst":"::/0"}]""",
            JsonNode.Parse(_plugins.InputOf("bridge", "CHECK"))!["prevResult"]!["routes"]!.ToJsonString());
    }

    [Fact]
    public async Task Garbage_OfThisNetworkIsDeletedThroughItsDelegate_AndTheDelegateIsTold()
    {
        await RunAsync("ADD", "", "c1");
        await RunAsync("ADD", "", "c2");
        await RunAsync("ADD", "", "c3", name: "other");

        (int code, string output) = await RunAsync("GC", """ "cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}],""");

        Assert.Equal((0, ""), (code, output));
        Assert.Equal(["bridge DEL", "bridge GC"], _plugins.Calls.Skip(3));
        Assert.Contains("CNI_CONTAINERID=c2", _plugins.EnvironmentOf("bridge", "DEL"));
        Assert.Contains("CNI_IFNAME=eth0", _plugins.EnvironmentOf("bridge", "DEL"));
        Assert.Equal(["c1", "c3"], Directory.GetFiles(Data).Select(path => Path.GetFileName(path)).Order());
        Assert.Equal("c1", (string?)JsonNode.Parse(_plugins.InputOf("bridge", "GC"))!["cni.dev/valid-attachments"]![0]!["containerID"]);
    }

    [Fact]
    public async Task Garbage_WhoseDelegateFails_StaysForTheNextTime()
    {
        await RunAsync("ADD");
        _plugins.Add("bridge", Failing);
        Assert.Equal(11, await ErrorOf("GC", """ "cni.dev/valid-attachments":[],"""));
        Assert.Single(Directory.GetFiles(Data));
    }

    [Fact]
    public async Task Add_WhereNothingCanBeStored_IsError5_AndStartsNothing()
    {
        File.WriteAllText(Data, "no folder");
        Assert.Equal(5, await ErrorOf("ADD"));
        Assert.Empty(_plugins.Calls);
    }

    /// <summary>Whoever called the plugin waits for it, and holds locks meanwhile.</summary>
    [Theory]
    [InlineData("ADD", true)]
    [InlineData("CHECK", false)]
    [InlineData("DEL", false)]
    [InlineData("GC", false)]
    public async Task PipeInPlaceOfAFile_IsAnErrorAndNotWaitedFor(string command, bool isSubnetFile)
    {
        if (isSubnetFile) File.Delete(Subnet);
        else Directory.CreateDirectory(Data);
        string path = NamedPipe.Make(isSubnetFile ? Subnet : Path.Combine(Data, "c1"));

        string output =
            await Task.Run(async () => (await RunAsync(command, """ "cni.dev/valid-attachments":[],""")).Output).WaitAsync(TimeSpan.FromSeconds(30));

        JsonNode error = JsonNode.Parse(output)!;
        Assert.Contains(path, (string?)error["msg"] + (string?)error["details"], StringComparison.Ordinal);
        Assert.Contains("pipe", (string?)error["msg"] + (string?)error["details"], StringComparison.Ordinal);
        Assert.Empty(_plugins.Calls);
    }

    private async Task<int> ErrorOf(string command, string more = "")
    {
        (int code, string output) = await RunAsync(command, more);
        Assert.Equal(1, code);
        return (int)JsonNode.Parse(output)!["code"]!;
    }

    /// <summary>The kernel forgets the children of a process that ignores SIGCHLD; what the delegate did must not be lost with them.</summary>
    [Theory]
    [InlineData(Answering, 0, Result)]
    [InlineData(Failing, 1, "\"code\":11")]
    public async Task ProgramIgnoresTheEndOfItsChildren_TheDelegatesWordCounts(string script, int code, string word)
    {
        _plugins.Add("bridge", script);
        string program = Path.Combine(AppContext.BaseDirectory, "flannel-cni.dll");
        var start = new ProcessStartInfo(
            "/bin/bash", ["-c", "trap '' CHLD; exec dotnet \"$0\"", program])
        { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in EnvironmentOf("ADD", "c1"))
            start.Environment[name] = name == "PATH" ? Environment.GetEnvironmentVariable("PATH") : value;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(ConfigOf("", "cbr0"));
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();

        Assert.Equal(code, process.ExitCode);
        Assert.Contains(word, output, StringComparison.Ordinal);
    }

    private Dictionary<string, string> EnvironmentOf(string command, string container) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = container,
        ["CNI_NETNS"] = "/run/netns/a",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_PATH"] = _plugins.Folder,
        ["PATH"] = "/usr/bin:/bin",
    };

    private string ConfigOf(string more, string name) =>
        $$"""{ {{more}} "name":"{{name}}","cniVersion":"1.1.0","type":"flannel","subnetFile":"{{Subnet}}","dataDir":"{{Data}}"}""";

    private async Task<(int Code, string Output)> RunAsync(string command, string more = "", string container = "c1", string name = "cbr0")
    {
        using var output = new MemoryStream();
        int code = await new CniPluginHost(
            EnvironmentOf(command, container),
            new MemoryStream(Encoding.UTF8.GetBytes(ConfigOf(more, name))),
            output).RunAsync(new FlannelPlugin(), default);
        return (code, Encoding.UTF8.GetString(output.ToArray()));
    }
}
