using System.Text.Json.Nodes;
using Flannel.Lab.Cni;

namespace Flannel.Cni.Tests.Runner;

/// <summary>Chains of scripted plugins, which write down what they are told.</summary>
public sealed class CniRunnerTests : IDisposable
{
    private const string First = """{"cniVersion":"VERSION","interfaces":[{"name":"eth0","sandbox":"/run/netns/a"}],"ips":[{"interface":0,"address":"10.1.2.3/24","gateway":"10.1.2.1"}],"dns":{}}""";

    private static readonly CniAttachment Container = new("c1", "/run/netns/a")
    {
        Arguments = [KeyValuePair.Create("IgnoreUnknown", "1"), KeyValuePair.Create("K8S_POD_NAME", "x")],
        Capabilities = new JsonObject { ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = 80 }), ["mac"] = "0a:58:0a:01:02:03" },
    };

    private readonly ScriptedPlugins _plugins = new();

    public void Dispose() => _plugins.Dispose();

    private string Cache => Path.Combine(_plugins.Root, "cache");

    private string Cached => Path.Combine(Cache, "results", "net-c1-eth0");

    private CniRunner Runner => New(TimeSpan.FromSeconds(60));

    [Fact]
    public async Task Add_RunsInOrder_EachWithTheResultOfTheOneBefore()
    {
        CniNetworkList list = AddThree("1.0.0");

        CniResult result = await Runner.AddAsync(list, Container);

        Assert.Equal(["a ADD", "b ADD", "c ADD"], _plugins.Calls);
        Assert.Equal("10.1.2.3", Assert.Single(result.Addresses).Address.ToString());
        Assert.Null(Input("a", "ADD")["prevResult"]);
        Assert.True(JsonNode.DeepEquals(result.ToJson(), Input("b", "ADD")["prevResult"]));
        Assert.True(JsonNode.DeepEquals(result.ToJson(), Input("c", "ADD")["prevResult"]));
        Assert.Equal(("net", "1.0.0"), ((string?)Input("c", "ADD")["name"], (string?)Input("c", "ADD")["cniVersion"]));
    }

    [Fact]
    public async Task RuntimeConfig_GoesOnlyToPluginsWithTheCapability()
    {
        await Runner.AddAsync(AddThree("1.0.0"), Container);

        Assert.Null(Input("a", "ADD")["runtimeConfig"]);
        Assert.Equal("""{"portMappings":[{"hostPort":80}]}""", Input("b", "ADD")["runtimeConfig"]!.ToJsonString());
        Assert.Null(Input("b", "ADD")["capabilities"]);
    }

    [Fact]
    public async Task Environment_IsWhatTheSpecificationNames()
    {
        await Runner.AddAsync(AddThree("1.0.0"), Container);

        Assert.Equal(
            [
                "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=x",
                "CNI_COMMAND=ADD",
                "CNI_CONTAINERID=c1",
                "CNI_IFNAME=eth0",
                "CNI_NETNS=/run/netns/a",
                $"CNI_PATH={_plugins.Folder}",
            ],
            _plugins.EnvironmentOf("a", "ADD").Where(line => line.StartsWith("CNI_", StringComparison.Ordinal)));
        Assert.DoesNotContain(_plugins.EnvironmentOf("a", "ADD"), line => line.StartsWith("HOME=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Add_CachesAsLibcniDoes()
    {
        CniNetworkList list = AddThree("1.0.0");
        CniResult result = await Runner.AddAsync(list, Container);

        var cached = (JsonObject)JsonNode.Parse(await File.ReadAllTextAsync(Cached))!;
        Assert.Equal(
            ["kind", "containerId", "config", "ifName", "networkName", "netns", "cniArgs", "capabilityArgs", "result"],
            cached.Select(member => member.Key));
        Assert.Equal(
            """["cniCacheV1","c1","eth0","net","/run/netns/a"]""",
            new JsonArray(
                [.. new[] { "kind", "containerId", "ifName", "networkName", "netns" }.Select(name => cached[name]!.DeepClone())]).ToJsonString());
        Assert.Equal("""[["IgnoreUnknown","1"],["K8S_POD_NAME","x"]]""", cached["cniArgs"]!.ToJsonString());
        Assert.Equal(list.Source.ToArray(), Convert.FromBase64String((string)cached["config"]!));
        Assert.True(JsonNode.DeepEquals(result.ToJson(), cached["result"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Cached));
        Assert.Equal([Cached], Directory.GetFiles(Cache, "*", SearchOption.AllDirectories));

        CniCachedAttachment listed = Assert.Single(Runner.GetAttachments("net"));
        Assert.Equal((result, Container.Key), (listed.Result, listed.Attachment.Key));
        Assert.Equal(Container.Arguments, listed.Attachment.Arguments);
        Assert.Empty(Runner.GetAttachments("other"));
    }

    [Fact]
    public async Task Delete_RunsInReverse_WithTheCachedResult_AndForgetsIt()
    {
        CniNetworkList list = AddThree("0.4.0");
        CniResult result = await Runner.AddAsync(list, Container);
        await Runner.DeleteAsync(list, Container);

        Assert.Equal(["c DEL", "b DEL", "a DEL"], _plugins.Calls.Skip(3));
        Assert.All(["a", "b", "c"], type => Assert.True(JsonNode.DeepEquals(result.ToJson(), Input(type, "DEL")["prevResult"])));
        Assert.False(File.Exists(Cached));
    }

    [Fact]
    public async Task Delete_Before04_HasNoResult()
    {
        CniNetworkList list = AddThree("0.3.1");
        await Runner.AddAsync(list, Container);
        await Runner.DeleteAsync(list, Container);
        Assert.Null(Input("a", "DEL")["prevResult"]);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("garbage")]
    [InlineData("{}")]
    public async Task Delete_WithoutACachedResult_RunsAllTheSame(string? cached)
    {
        CniNetworkList list = AddThree("1.0.0");
        if (cached is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Cached)!);
            await File.WriteAllTextAsync(Cached, cached);
        }

        await Runner.DeleteAsync(list, Container with { NetworkNamespace = "" });

        Assert.Equal(["c DEL", "b DEL", "a DEL"], _plugins.Calls);
        Assert.Null(Input("a", "DEL")["prevResult"]);
        Assert.False(File.Exists(Cached));
    }

    [Fact]
    public async Task Delete_ThatFails_StopsAndKeepsTheResultForTheNext()
    {
        CniNetworkList list = AddThree("1.0.0");
        await Runner.AddAsync(list, Container);
        _plugins.Add("b", """echo '{"code":11,"msg":"busy"}'; exit 1""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.DeleteAsync(list, Container));

        Assert.Equal(("b", "DEL", true), (exception.Plugin, exception.Command, exception.IsTransient));
        Assert.Equal(["c DEL", "b DEL"], _plugins.Calls.Skip(3));
        Assert.True(File.Exists(Cached));
    }

    [Fact]
    public async Task FailedAdd_IsUndoneByDeleteOfTheWholeList()
    {
        CniNetworkList list = AddThree("1.0.0");
        _plugins.Add(
            "b",
            """[ "$CNI_COMMAND" = DEL ] && exit 0; echo said >&2; echo '{"cniVersion":"1.0.0","code":123,"msg":"no","details":"more"}'; exit 1""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container));

        Assert.Equal(["a ADD", "b ADD", "c DEL", "b DEL", "a DEL"], _plugins.Calls);
        Assert.Equal(
            ("b", CniPluginFailure.Reported, 123, "no", "more", "said"),
            (exception.Plugin, exception.Failure, (int)exception.Code, exception.Reason, exception.Details, exception.StandardError));
        Assert.Null(exception.CleanUpFailure);
        Assert.False(File.Exists(Cached));
    }

    [Fact]
    public async Task FailedAdd_WithTextThatTerminalsObey_IsToldInPlainCharacters()
    {
        CniNetworkList list = AddThree("1.0.0");
        _plugins.Add("b", """[ "$CNI_COMMAND" = DEL ] && exit 0; echo '{"code":7,"msg":"no\\nE1126 forged \\u001b[31m\\u202e\\u2028 é😀"}'; exit 1""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container));

        Assert.Equal("no E1126 forged  [31m   é😀", exception.Reason);
        Assert.DoesNotContain(exception.Message, static c => c is '\n' or '\u001b' or '\u202e' or '\u2028');
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // somebody spoilt what is cached
    public async Task FailedAdd_OfWhatIsAttached_LeavesItAttached(bool isSpoilt)
    {
        CniNetworkList list = AddThree("1.0.0");
        await Runner.AddAsync(list, Container);
        if (isSpoilt) await File.WriteAllTextAsync(Cached, "{");
        _plugins.Add("b", """echo '{"code":100,"msg":"duplicate"}'; exit 1""");

        await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container));

        Assert.DoesNotContain(_plugins.Calls, call => call.EndsWith(" DEL", StringComparison.Ordinal));
        Assert.Equal(isSpoilt ? 0 : 1, Runner.GetAttachments("net").Count);
    }

    [Fact]
    public async Task FailedAdd_WhoseUndoingFails_SaysBoth()
    {
        CniNetworkList list = AddThree("1.0.0");
        _plugins.Add("b", """echo "{\"code\":7,\"msg\":\"$CNI_COMMAND\"}"; exit 1""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container));

        Assert.Equal(["a ADD", "b ADD", "c DEL", "b DEL", "a DEL"], _plugins.Calls); // the others are undone all the same
        Assert.Equal("ADD", exception.Reason);
        Assert.Equal("DEL", Assert.IsType<CniPluginException>(exception.CleanUpFailure).Reason);
    }

    [Theory]
    [InlineData("exit 0", CniPluginFailure.BadOutput)]
    [InlineData("echo garbage", CniPluginFailure.BadOutput)]
    [InlineData("echo '{\"cniVersion\":\"9.9.9\"}'", CniPluginFailure.BadOutput)]
    [InlineData("echo '{\"cniVersion\":\"1.0.0\",\"ips\":1}'", CniPluginFailure.BadOutput)]
    [InlineData("head -c 3000000 /dev/zero", CniPluginFailure.OutputTooLong)]
    [InlineData("kill -KILL $$", CniPluginFailure.Signalled)]
    [InlineData("exit 1", CniPluginFailure.Silent)]
    [InlineData("echo garbage; exit 1", CniPluginFailure.Silent)]
    [InlineData("echo '{\"code\":\"x\",\"msg\":1}'; exit 1", CniPluginFailure.Silent)]
    [InlineData("exec sleep 1000", CniPluginFailure.TimedOut)]
    public async Task PluginThatMisbehaves_IsATypedErrorAndUndone(string body, CniPluginFailure failure)
    {
        CniNetworkList list = AddThree("1.0.0");
        _plugins.Add("c", $"[ \"$CNI_COMMAND\" = DEL ] && exit 0\necho why >&2\n{body}");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(
            () => New(failure == CniPluginFailure.TimedOut ? TimeSpan.FromSeconds(10) : TimeSpan.FromSeconds(60)).AddAsync(list, Container));

        Assert.Equal((failure, "c", "why"), (exception.Failure, exception.Plugin, exception.StandardError));
        Assert.Equal(["c DEL", "b DEL", "a DEL"], _plugins.Calls.Skip(3));
        Assert.False(File.Exists(Cached));
    }

    [Fact]
    public async Task MissingPlugin_IsFoundOutBeforeAnythingIsDone()
    {
        _plugins.Add("a", "exit 0");
        CniNetworkList list = CniNetworkList.Parse("""{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"a"},{"type":"missing"}]}""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container));

        Assert.Equal((CniPluginFailure.NotFound, "missing"), (exception.Failure, exception.Plugin));
        Assert.Contains(_plugins.Folder, exception.Message, StringComparison.Ordinal);
        Assert.Empty(_plugins.Calls);
    }

    [Fact]
    public async Task FileThatCannotBeExecuted_IsATypedError()
    {
        await File.WriteAllTextAsync(Path.Combine(_plugins.Folder, "a"), "no program");
        CniNetworkList list = CniNetworkList.Parse("""{"name":"net","plugins":[{"type":"a"}]}""");
        Assert.Equal(CniPluginFailure.NotStarted, (await Assert.ThrowsAsync<CniPluginException>(() => Runner.AddAsync(list, Container))).Failure);
    }

    [Fact]
    public async Task Cancelled_IsUndone()
    {
        CniNetworkList list = AddThree("1.0.0");
        _plugins.Add("b", """[ "$CNI_COMMAND" = ADD ] && exec sleep 1000; exit 0""");
        using var cancellation = new CancellationTokenSource();
        Task<CniResult> adding = Runner.AddAsync(list, Container, cancellation.Token);
        while (!_plugins.Calls.Contains("b ADD")) await Task.Delay(5);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => adding);
        Assert.Equal(["a ADD", "b ADD", "c DEL", "b DEL", "a DEL"], _plugins.Calls);
    }

    [Fact]
    public async Task TwoCallsForOneAttachmentAtOnce_TheSecondIsRefused()
    {
        CniNetworkList list = AddThree("1.0.0");
        string gate = Path.Combine(_plugins.Root, "gate");
        _plugins.Add(
            "b",
            $"[ \"$CNI_COMMAND\" = ADD ] && while ! [ -e '{gate}' ]; do sleep 0.01; done; echo " +
            $"'{First.Replace("VERSION", "1.0.0", StringComparison.Ordinal)}'");
        CniRunner runner = Runner;
        Task<CniResult> first = runner.AddAsync(list, Container);

        Assert.Equal(CniErrorCode.TryAgainLater, (await Assert.ThrowsAsync<CniException>(() => runner.AddAsync(list, Container))).Code);
        Assert.Equal(CniErrorCode.TryAgainLater, (await Assert.ThrowsAsync<CniException>(() => runner.DeleteAsync(list, Container))).Code);
        await runner.DeleteAsync(list, Container with { ContainerId = "c2" });
        await File.WriteAllTextAsync(gate, "");
        await first;
        await runner.DeleteAsync(list, Container);
    }

    // Whatever is cut out of a list or changed in it: a list, or the one exception.
    [Fact]
    public void Mutations_OfLists_EndInAListOrInATypedError()
    {
        var random = new Random(2);
        const string Good = """{"name":"net","cniVersion":"1.0.0","cniVersions":["1.1.0"],"disableCheck":true,"plugins":[{"type":"a","capabilities":{"x":true}},{"type":"b"}]}""";
        for (int round = 0; round < 20_000; round++)
        {
            char[] text = Good.ToCharArray();
            for (int change = random.Next(1, 4); change > 0; change--) text[random.Next(text.Length)] = (char)random.Next(1, 0x250);
            try
            {
                Assert.NotEmpty(CniNetworkList.Parse(new string(text)[..random.Next(text.Length + 1)]).Plugins);
            }
            catch (CniConfigException)
            {
            }
        }
    }

    // The cache is a folder of others, too: whatever lies there, nothing is thrown but the one exception.
    [Fact]
    public async Task Mutations_OfCachedResults_AreReadOrPassedOver()
    {
        CniNetworkList list = AddThree("1.0.0");
        await Runner.AddAsync(list, Container);
        byte[] good = await File.ReadAllBytesAsync(Cached);
        var random = new Random(3);
        for (int round = 0; round < 2_000; round++)
        {
            byte[] bytes = [.. good];
            for (int change = random.Next(1, 4); change > 0; change--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await File.WriteAllBytesAsync(Cached, bytes[..random.Next(bytes.Length + 1)]);
            Assert.InRange(Runner.GetAttachments().Count, 0, 1);
        }
    }

    [Fact]
    public async Task CacheThatCannotBeWritten_IsATypedErrorAndUndone()
    {
        await File.WriteAllTextAsync(Cache, "no folder");
        CniException exception = await Assert.ThrowsAsync<CniException>(() => Runner.AddAsync(AddThree("1.0.0"), Container));

        Assert.Equal(CniErrorCode.IoFailure, exception.Code);
        Assert.Equal(["c DEL", "b DEL", "a DEL"], _plugins.Calls.Skip(3));
    }

    [Fact]
    public async Task ResultsOfOlderVersions_AreConvertedForTheNext()
    {
        _plugins.Add("a", """echo '{"cniVersion":"0.2.0","ip4":{"ip":"10.1.2.3/24"},"dns":{}}'""");
        _plugins.Add("b", $"echo '{First.Replace("VERSION", "1.0.0", StringComparison.Ordinal)}'");
        await Runner.AddAsync(CniNetworkList.Parse("""{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"a"},{"type":"b"}]}"""), Container);

        Assert.Equal("""{"cniVersion":"1.0.0","ips":[{"address":"10.1.2.3/24"}],"dns":{}}""", Input("b", "ADD")["prevResult"]!.ToJsonString());
    }

    [Fact]
    public async Task Check_RunsInOrder_WithTheCachedResult()
    {
        CniNetworkList list = AddThree("1.0.0");
        CniResult result = await Runner.AddAsync(list, Container);
        await Runner.CheckAsync(list, Container);

        Assert.Equal(["a CHECK", "b CHECK", "c CHECK"], _plugins.Calls.Skip(3));
        Assert.True(JsonNode.DeepEquals(result.ToJson(), Input("a", "CHECK")["prevResult"]));
    }

    [Fact]
    public async Task Check_BeforeItsVersion_Disabled_OrWithoutAttachment_IsNotRun()
    {
        Assert.Equal(
            CniErrorCode.IncompatibleVersion, (await Assert.ThrowsAsync<CniException>(() => Runner.CheckAsync(AddThree("0.3.1"), Container))).Code);
        Assert.Equal(
            CniErrorCode.UnknownContainer, (await Assert.ThrowsAsync<CniException>(() => Runner.CheckAsync(AddThree("1.0.0"), Container))).Code);
        await Runner.CheckAsync(AddThree("1.0.0", "\"disableCheck\":true,"), Container);
        Assert.Empty(_plugins.Calls);
    }

    [Fact]
    public async Task Garbage_CachedAttachmentsAreDeleted_AndPluginsToldWhatIsValid()
    {
        CniNetworkList list = AddThree("1.1.0");
        foreach (string id in new[] { "c1", "c2", "c3" }) await Runner.AddAsync(list, Container with { ContainerId = id });

        await Runner.CollectGarbageAsync(list, [new CniAttachmentKey("c2", "eth0")]);

        Assert.Equal(["c DEL", "b DEL", "a DEL", "c DEL", "b DEL", "a DEL", "a GC", "b GC", "c GC"], _plugins.Calls.Skip(9));
        Assert.Equal(["c2"], Runner.GetAttachments().Select(cached => cached.Attachment.ContainerId));
        Assert.Equal("""[{"containerID":"c2","ifname":"eth0"}]""", Input("a", "GC")["cni.dev/valid-attachments"]!.ToJsonString());
        Assert.DoesNotContain(_plugins.EnvironmentOf("a", "GC"), line => line.StartsWith("CNI_CONTAINERID", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Garbage_Before11_IsDeletedWithoutGc_AndNotAtAllIfDisabled()
    {
        CniNetworkList list = AddThree("1.0.0");
        await Runner.AddAsync(list, Container);
        await Runner.CollectGarbageAsync(AddThree("1.0.0", "\"disableGC\":true,"), []);
        Assert.Equal(3, _plugins.Calls.Count);

        await Runner.CollectGarbageAsync(list, []);
        Assert.Equal(["c DEL", "b DEL", "a DEL"], _plugins.Calls.Skip(3));
    }

    [Fact]
    public async Task Garbage_GoesOnAfterAFailure_AndReportsIt()
    {
        CniNetworkList list = AddThree("1.1.0");
        await Runner.AddAsync(list, Container);
        _plugins.Add("c", """echo '{"code":5,"msg":"disk"}'; exit 1""");

        CniException exception = await Assert.ThrowsAsync<CniException>(() => Runner.CollectGarbageAsync(list, []));

        Assert.Equal(CniErrorCode.IoFailure, exception.Code);
        Assert.Equal(["c DEL", "a GC", "b GC", "c GC"], _plugins.Calls.Skip(3));
    }

    [Fact]
    public async Task Status_RunsInOrder_AndIsLeftOutBefore11()
    {
        await Runner.GetStatusAsync(AddThree("1.0.0"));
        Assert.Empty(_plugins.Calls);
        CniNetworkList list = AddThree("1.1.0");
        _plugins.Add("b", """echo '{"code":50,"msg":"not ready"}'; exit 1""");

        CniPluginException exception = await Assert.ThrowsAsync<CniPluginException>(() => Runner.GetStatusAsync(list));

        Assert.Equal(CniErrorCode.NotAvailable, exception.Code);
        Assert.Equal(["a STATUS", "b STATUS"], _plugins.Calls);
    }

    [Fact]
    public async Task Versions_AreAskedFor_AndPluginsFromBeforeVersionHaveTheOldest()
    {
        _plugins.Add("new", """echo '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}'""");
        _plugins.Add("old", """echo '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1""");
        _plugins.Add("bad", "echo '{}'");

        Assert.Equal(["0.4.0", "1.0.0"], await Runner.GetVersionsAsync("new"));
        Assert.Equal(["0.1.0"], await Runner.GetVersionsAsync("old"));
        Assert.Equal(CniPluginFailure.BadOutput, (await Assert.ThrowsAsync<CniPluginException>(() => Runner.GetVersionsAsync("bad"))).Failure);
        await Runner.ValidateAsync(CniNetworkList.Parse("""{"name":"n","cniVersion":"1.0.0","plugins":[{"type":"new"}]}"""));
        Assert.Equal(CniErrorCode.IncompatibleVersion, (await Assert.ThrowsAsync<CniPluginException>(
            () => Runner.ValidateAsync(CniNetworkList.Parse("""{"name":"n","cniVersion":"1.1.0","plugins":[{"type":"new"}]}""")))).Code);
    }

    [Theory]
    [InlineData("", "/run/netns/a", "eth0")]
    [InlineData("../c", "/run/netns/a", "eth0")]
    [InlineData("c", "", "eth0")]
    [InlineData("c", "/run/netns/a", "")]
    [InlineData("c", "/run/netns/a", "..")]
    [InlineData("c", "/run/netns/a", "a/b")]
    [InlineData("c", "/run/netns/a", "a234567890123456")]
    public async Task InvalidNames_AreRefusedBeforeAnythingIsRun(string id, string path, string link)
    {
        CniException exception = await Assert.ThrowsAsync<CniException>(() => Runner.AddAsync(AddThree("1.0.0"), new CniAttachment(id, path, link)));
        Assert.Equal(CniErrorCode.InvalidEnvironment, exception.Code);
        Assert.Empty(_plugins.Calls);
    }

    [Fact]
    public async Task ArgumentsThatCannotTravel_AreRefused() => Assert.Equal(
        CniErrorCode.InvalidEnvironment,
        (await Assert.ThrowsAsync<CniException>(
            () => Runner.AddAsync(AddThree("1.0.0"), Container with { Arguments = [KeyValuePair.Create("a", "b;c=d")] }))).Code);

    private CniRunner New(TimeSpan limit) => new(new CniRunnerOptions { PluginFolders = [_plugins.Folder], CacheFolder = Cache, TimeLimit = limit });

    // Three plugins that answer with one result.
    private CniNetworkList AddThree(string version, string more = "")
    {
        _plugins.Add("a", $"echo '{First.Replace("VERSION", version, StringComparison.Ordinal)}'");
        foreach (string name in new[] { "b", "c" })
            _plugins.Add(name, $"[ \"$CNI_COMMAND\" = ADD ] && echo '{First.Replace("VERSION", version, StringComparison.Ordinal)}'; exit 0");
        return CniNetworkList.Parse(
            $$$"""{"name":"net","cniVersion":"{{{version}}}",{{{more}}}"plugins":[{"type":"a"},{"type":"b","capabilities":{"portMappings":true,"mac":false}},{"type":"c"}]}""");
    }

    private JsonObject Input(string type, string command) => (JsonObject)JsonNode.Parse(_plugins.InputOf(type, command))!;
}
