using System.Text;
using System.Text.Json.Nodes;
using Flannel.Lab.Cni;
using Flannel.Lab.Fuzzing;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Cni.Tests.Host;

public sealed class CniPluginHostTests : IDisposable
{
    private const string Config = """{"name":"net","cniVersion":"1.1.0","type":"t","extra":1}""";

    private readonly ScriptedPlugins _plugins = new();

    public void Dispose() => _plugins.Dispose();

    [Fact]
    public async Task Add_GetsTheRequest_AndItsResultIsWrittenInTheRequestsVersion()
    {
        CniRequest? seen = null;
        (int code, string output) = await RunAsync(
            new Plugin { Add = request => { seen = request; return new CniResult(); } },
            "ADD",
            Config.Replace("1.1.0", "0.3.1", StringComparison.Ordinal));

        Assert.Equal((0, """{"cniVersion":"0.3.1","dns":{}}"""), (code, output));
        Assert.Equal(
            ("ADD", "net", "c1", "/run/netns/a", "eth0"),
            (seen!.Command, seen.NetworkName, seen.ContainerId, seen.NetworkNamespace, seen.InterfaceName));
        Assert.Equal([KeyValuePair.Create("A", "b")], seen.Arguments);
        Assert.Equal(1, (int)seen.Config["extra"]!);
        Assert.Null(seen.PreviousResult);
    }

    [Theory]
    [InlineData("DEL")]
    [InlineData("CHECK")]
    [InlineData("STATUS")]
    public async Task OtherCommands_WriteNothing(string command) => Assert.Equal((0, ""), await RunAsync(new Plugin(), command, Config));

    [Fact]
    public async Task PreviousResult_OfAnyVersion_IsRead()
    {
        CniRequest? seen = null;
        await RunAsync(
            new Plugin { Add = request => { seen = request; return new CniResult(); } },
            "ADD",
            Config.Replace(
                "\"extra\"", "\"prevResult\":{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.0.0.1/8\"}},\"extra\"", StringComparison.Ordinal));
        Assert.Equal("10.0.0.1", Assert.Single(seen!.PreviousResult!.Addresses).Address.ToString());
    }

    [Theory]
    [InlineData("ADD")]
    [InlineData("CHECK")]
    [InlineData("DEL")]
    [InlineData("GC")]
    public void MutatedRequest_IsAnsweredOrRefusedByATypedError(string command)
    {
        const string Request = """
            {"name":"net","cniVersion":"1.0.0","type":"t","cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}],
             "prevResult":{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/x"}],
              "ips":[{"address":"10.5.52.2/24","gateway":"10.5.52.1","interface":0}],"routes":[{"dst":"0.0.0.0/0","gw":"10.5.52.1","mtu":1400}],
              "dns":{"nameservers":["10.5.0.10"],"domain":"a","search":["b"],"options":["c"]}}}
            """;
        Check.One(
            FsCheck.Config.QuickThrowOnFailure.WithMaxTest(1000),
            Prop.ForAll(Mutations.Of(Request).ToArbitrary(), bytes =>
        {
            using var output = new MemoryStream();
            var plugin = new Plugin { Add = static request => request.PreviousResult ?? new CniResult() };
            int code = new CniPluginHost(Environment(command), new MemoryStream(bytes), output).RunAsync(plugin, default).GetAwaiter().GetResult();
            if (code != 0) Assert.NotEqual((int)CniErrorCode.Internal, (int)JsonNode.Parse(output.ToArray())!["code"]!);
        }));
    }

    [Fact]
    public async Task Version_IsAnsweredByItself()
    {
        (int code, string output) = await RunAsync(new Plugin(), "VERSION", """{"cniVersion":"0.4.0"}""");
        Assert.Equal((0, """{"cniVersion":"0.4.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}"""), (code, output));
        Assert.Equal(0, (await RunAsync(new Plugin(), "VERSION", "")).Code);
    }

    [Theory]
    [InlineData("ADD", "9.0.0")]
    [InlineData("ADD", "1.1")]
    [InlineData("CHECK", "0.3.1")]
    [InlineData("GC", "1.0.0")]
    [InlineData("STATUS", "1.0.0")]
    public async Task VersionThatDoesNotFit_IsError1(string command, string version) =>
        Assert.Equal(1, await ErrorOf(new Plugin(), command, Config.Replace("1.1.0", version, StringComparison.Ordinal)));

    [Theory]
    [InlineData("ADD", "CNI_CONTAINERID")]
    [InlineData("ADD", "CNI_NETNS")]
    [InlineData("ADD", "CNI_IFNAME")]
    [InlineData("ADD", "CNI_PATH")]
    [InlineData("ADD", "CNI_COMMAND")]
    [InlineData("CHECK", "CNI_NETNS")]
    [InlineData("DEL", "CNI_CONTAINERID")]
    [InlineData("GC", "CNI_PATH")]
    [InlineData("STATUS", "CNI_PATH")]
    public async Task MissingVariable_IsError4(string command, string variable)
    {
        (int code, string output) = await RunAsync(new Plugin(), command, Config, (variable, ""));
        Assert.Equal((1, 4), (code, (int)JsonNode.Parse(output)!["code"]!));
        Assert.Contains(variable, output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CNI_CONTAINERID", "../c")]
    [InlineData("CNI_CONTAINERID", "-c")]
    [InlineData("CNI_IFNAME", "a b")]
    [InlineData("CNI_IFNAME", "a:b")]
    [InlineData("CNI_IFNAME", ".")]
    [InlineData("CNI_IFNAME", "a234567890123456")]
    [InlineData("CNI_ARGS", "nothing")]
    [InlineData("CNI_COMMAND", "PAINT")]
    public async Task InvalidVariable_IsError4(string variable, string value) =>
        Assert.Equal(4, await ErrorOf(new Plugin(), "ADD", Config, (variable, value)));

    [Fact]
    public async Task Delete_NeedsNoNamespace() => Assert.Equal(0, (await RunAsync(new Plugin(), "DEL", Config, ("CNI_NETNS", ""))).Code);

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("[]")]
    public async Task UnreadableInput_IsError6(string input) => Assert.Equal(6, await ErrorOf(new Plugin(), "ADD", input));

    [Theory]
    [InlineData("""{"cniVersion":"1.1.0"}""")]
    [InlineData("""{"cniVersion":"1.1.0","name":"a/b"}""")]
    [InlineData("""{"cniVersion":"1.1.0","name":1}""")]
    [InlineData("""{"cniVersion":"1.1.0","name":"n","prevResult":1}""")]
    public async Task InvalidConfiguration_IsError7(string input) => Assert.Equal(7, await ErrorOf(new Plugin(), "ADD", input));

    [Fact]
    public async Task Garbage_GetsWhatIsValid_AndIsRefusedWithoutIt()
    {
        CniRequest? seen = null;
        var plugin = new Plugin { Collect = request => seen = request };
        await RunAsync(
            plugin,
            "GC",
            Config.Replace(
                "\"extra\"", "\"cni.dev/valid-attachments\":[{\"containerID\":\"c\",\"ifname\":\"eth0\"}],\"extra\"", StringComparison.Ordinal));

        Assert.Equal([new CniAttachmentKey("c", "eth0")], seen!.ValidAttachments);
        Assert.Equal(7, await ErrorOf(plugin, "GC", Config)); // else everything would be garbage
    }

    [Fact]
    public async Task TypedError_IsWrittenAsItIs()
    {
        var plugin = new Plugin { Add = _ => throw new CniException((CniErrorCode)123, "no", "more") };
        Assert.Equal((1, """{"cniVersion":"1.1.0","code":123,"msg":"no","details":"more"}"""), await RunAsync(plugin, "ADD", Config));
    }

    [Fact]
    public async Task AnyOtherException_IsError999() =>
        Assert.Equal(999, await ErrorOf(new Plugin { Add = _ => throw new InvalidOperationException("mistake") }, "ADD", Config));

    [Fact]
    public async Task OutputThatCannotBeWritten_IsExitCode1() =>
        Assert.Equal(
            1,
            await new CniPluginHost(
                Environment("ADD"),
                new MemoryStream(Encoding.UTF8.GetBytes(Config)),
                Stream.Synchronized(new MemoryStream([], writable: false))).RunAsync(new Plugin(), default));

    [Fact]
    public async Task Delegate_GetsTheEnvironmentAndItsConfiguration_AndItsResultReturns()
    {
        _plugins.Add("ipam", """echo '{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24"}],"dns":{}}'""");
        var plugin = new Plugin { AddAsyncFunction = async request => (await request.RunDelegateAsync("ipam", new JsonObject { ["x"] = 1 }))! };

        (int code, string output) = await RunAsync(plugin, "ADD", Config);

        Assert.Equal((0, """{"cniVersion":"1.1.0","ips":[{"address":"10.1.2.3/24"}],"dns":{}}"""), (code, output));
        Assert.Equal("""{"x":1}""", _plugins.InputOf("ipam", "ADD"));
        Assert.Contains("CNI_CONTAINERID=c1", _plugins.EnvironmentOf("ipam", "ADD"));
    }

    [Fact]
    public async Task Delegate_ThatFails_PassesItsCodeOn()
    {
        _plugins.Add("ipam", """echo '{"code":111,"msg":"empty"}'; exit 1""");
        var plugin = new Plugin { AddAsyncFunction = async request => (await request.RunDelegateAsync("ipam", []))! };
        Assert.Equal(111, await ErrorOf(plugin, "ADD", Config));
        Assert.Equal(
            7, await ErrorOf(new Plugin { AddAsyncFunction = async request => (await request.RunDelegateAsync("missing", []))! }, "ADD", Config));
    }

    private Dictionary<string, string> Environment(string command) => new()
    {
        ["CNI_COMMAND"] = command,
        ["CNI_CONTAINERID"] = "c1",
        ["CNI_NETNS"] = "/run/netns/a",
        ["CNI_IFNAME"] = "eth0",
        ["CNI_ARGS"] = "A=b",
        ["CNI_PATH"] = _plugins.Folder,
        ["PATH"] = "/usr/bin:/bin",
    };

    private async Task<int> ErrorOf(CniPlugin plugin, string command, string input, params (string Name, string Value)[] changes)
    {
        (int code, string output) = await RunAsync(plugin, command, input, changes);
        Assert.Equal(1, code);
        return (int)JsonNode.Parse(output)!["code"]!;
    }

    private async Task<(int Code, string Output)> RunAsync(
        CniPlugin plugin, string command, string input, params (string Name, string Value)[] changes)
    {
        Dictionary<string, string> environment = Environment(command);
        foreach ((string name, string value) in changes) environment[name] = value;
        using var output = new MemoryStream();
        int code = await new CniPluginHost(environment, new MemoryStream(Encoding.UTF8.GetBytes(input)), output).RunAsync(plugin, default);
        return (code, Encoding.UTF8.GetString(output.ToArray()));
    }

    private sealed class Plugin : CniPlugin
    {
        public Func<CniRequest, CniResult> Add { get; init; } = static _ => new CniResult();

        public Func<CniRequest, Task<CniResult>>? AddAsyncFunction { get; init; }

        public Action<CniRequest> Collect { get; init; } = static _ => { };

        public override Task<CniResult> AddAsync(CniRequest request, CancellationToken cancellationToken) =>
            AddAsyncFunction?.Invoke(request) ?? Task.FromResult(Add(request));

        public override Task DeleteAsync(CniRequest request, CancellationToken cancellationToken) => Task.CompletedTask;

        public override Task CollectGarbageAsync(CniRequest request, CancellationToken cancellationToken)
        {
            Collect(request);
            return Task.CompletedTask;
        }
    }
}
