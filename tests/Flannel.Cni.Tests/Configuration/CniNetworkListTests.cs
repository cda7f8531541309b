using Flannel.Lab.Files;

namespace Flannel.Cni.Tests.Configuration;

public sealed class CniNetworkListTests : IDisposable
{
    private const string Two =
        """{"name":"net","cniVersion":"1.0.0","plugins":[{"type":"bridge","capabilities":{"ips":true,"mac":false}},{"type":"portmap"}]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("flannel-cni-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void List_IsRead()
    {
        CniNetworkList list = CniNetworkList.Parse(Two);

        Assert.Equal(("net", "1.0.0"), (list.Name, list.CniVersion));
        Assert.Equal(["bridge", "portmap"], list.Plugins.Select(plugin => plugin.Type));
        Assert.Equal(["ips"], list.Plugins[0].Capabilities);
        Assert.False(list.DisableCheck || list.DisableGC || list.LoadOnlyInlinedPlugins);
    }

    [Theory]
    [InlineData("true")]
    [InlineData("\"true\"")]
    public void Flags_AreTrueOrText(string value)
    {
        CniNetworkList list = CniNetworkList.Parse(
            $$"""{"name":"n","disableCheck":{{value}},"disableGC":{{value}},"loadOnlyInlinedPlugins":{{value}},"plugins":[{"type":"a"}]}""");
        Assert.True(list.DisableCheck && list.DisableGC && list.LoadOnlyInlinedPlugins);
    }

    [Theory]
    [InlineData("""{"name":"n","plugins":[{"type":"a"}]}""", "0.1.0")]
    [InlineData("""{"name":"n","cniVersion":"0.4.0","plugins":[{"type":"a"}]}""", "0.4.0")]
    [InlineData("""{"name":"n","cniVersion":"0.4.0","cniVersions":["1.0.0","0.3.1","9.0.0"],"plugins":[{"type":"a"}]}""", "1.0.0")]
    [InlineData("""{"name":"n","cniVersions":["0.3.1"],"cniVersion":"0.4.0","plugins":[{"type":"a"}]}""", "0.4.0")]
    public void Version_IsTheNewestThatIsOfferedAndKnown(string text, string expected) =>
        Assert.Equal(expected, CniNetworkList.Parse(text).CniVersion);

    [Fact]
    public void SinglePlugin_IsAListOfOne()
    {
        Write("10-a.conf", """{"name":"n","cniVersion":"0.3.1","type":"bridge"}""");
        Assert.Equal("bridge", Assert.Single(CniNetworkList.Load(Path.Combine(_folder, "10-a.conf")).Plugins).Type);
    }

    [Theory]
    [InlineData("", CniErrorCode.DecodingFailure)]
    [InlineData("[]", CniErrorCode.DecodingFailure)]
    [InlineData("{\"name\":\"\\ud800\"}", CniErrorCode.DecodingFailure)]
    [InlineData("{\"plugins\":[{\"type\":\"a\"}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":[]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":{}}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":[1]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":[{}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":[{\"type\":\"../a\"}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"plugins\":[{\"type\":\"a\",\"capabilities\":{\"x\":1}}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"../n\",\"plugins\":[{\"type\":\"a\"}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"disableCheck\":\"perhaps\",\"plugins\":[{\"type\":\"a\"}]}", CniErrorCode.InvalidConfiguration)]
    [InlineData("{\"name\":\"n\",\"cniVersion\":\"9.0.0\",\"plugins\":[{\"type\":\"a\"}]}", CniErrorCode.IncompatibleVersion)]
    [InlineData("{\"name\":\"n\"}", CniErrorCode.InvalidConfiguration)]
    public void Malformed_IsATypedErrorWithPathAndReason(string text, CniErrorCode code)
    {
        string path = Write("10-a.conflist", text);

        CniConfigException exception = Assert.Throws<CniConfigException>(() => CniNetworkList.Load(path));

        Assert.Equal((code, path), (exception.Code, exception.Path));
        Assert.NotEmpty(exception.Reason);
        Assert.Contains(path, exception.Message, StringComparison.Ordinal);
        Assert.ThrowsAny<CniException>(() => CniNetworkList.Parse(text));
    }

    [Fact]
    public void Files_ThatAreMissingFoldersOrPipes_AreTypedErrors()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "b.conf"));
        foreach (string path in new[]
        {
            Path.Combine(_folder, "a.conf"),
            Path.Combine(_folder, "b.conf"),
            NamedPipe.Make(Path.Combine(_folder, "c.conf")),
            "/dev/zero",
        })
        {
            Assert.Equal(CniErrorCode.IoFailure, Assert.Throws<CniConfigException>(() => CniNetworkList.Load(path)).Code);
        }
    }

    [Fact]
    public void First_IsTheFirstThatCanBeUsed_AndNoneNamesAllReasons()
    {
        Write("00-a.conflist", "garbage");
        Write("01-b.txt", Two);
        Assert.Contains(
            "00-a.conflist", Assert.Throws<CniConfigException>(() => CniNetworkList.LoadFirst(_folder)).Message, StringComparison.Ordinal);
        Write("20-c.conflist", Two.Replace("\"net\"", "\"second\"", StringComparison.Ordinal));
        Write("10-d.conflist", Two);

        Assert.Equal("net", CniNetworkList.LoadFirst(_folder).Name);
    }

    [Fact]
    public void All_AreInNameOrder_AndSayWhatIsRefused()
    {
        Write("20-c.json", """{"name":"c","type":"a"}""");
        Write("10-d.conflist", Two);
        Write("30-again.conflist", Two);
        Write("00-a.conflist", "garbage");
        List<string?> refused = [];

        Assert.Equal(
            ["net", "c"], CniNetworkList.LoadAll(_folder, exception => refused.Add(Path.GetFileName(exception.Path))).Select(list => list.Name));
        Assert.Equal(["00-a.conflist", "30-again.conflist"], refused);
    }

    [Fact]
    public void PluginsOfTheNetworksFolder_FollowUnlessOnlyInlinedOnesAreWanted()
    {
        string path = Write("10-d.conflist", Two);
        Write("net/20-b.conf", """{"type":"tuning"}""");
        Write("net/10-a.conf", """{"type":"sbr"}""");
        Write("net/30-c.txt", "ignored");

        Assert.Equal(["bridge", "portmap", "sbr", "tuning"], CniNetworkList.Load(path).Plugins.Select(plugin => plugin.Type));
        File.WriteAllText(path, Two.Replace("\"plugins\"", "\"loadOnlyInlinedPlugins\":true,\"plugins\"", StringComparison.Ordinal));
        Assert.Equal(["bridge", "portmap"], CniNetworkList.Load(path).Plugins.Select(plugin => plugin.Type));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
