using Flanneld.Cni;

namespace Flanneld.Tests.Cni;

public sealed class InstallConfCommandTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const string Conflist = """{"name":"cbr0","cniVersion":"0.3.1","plugins":[{"type":"flannel"}]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("flannel-cni-").FullName;
    private readonly StringWriter _errors = new();

    private string From => Path.Combine(_folder, "cni-conf.json");

    private string To => Path.Combine(_folder, "net.d", "10-flannel.conflist");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void File_IsCopiedWithItsModeIntoAFolderThatIsMade()
    {
        File.WriteAllText(From, Conflist);
        File.SetUnixFileMode(From, Mode | UnixFileMode.GroupWrite);

        Assert.Equal(0, InstallConfCommand.Run([From, To], _errors));

        Assert.Equal(Conflist, File.ReadAllText(To));
        Assert.Equal(Mode | UnixFileMode.GroupWrite, File.GetUnixFileMode(To));
        Assert.Equal([To], Directory.GetFiles(Path.GetDirectoryName(To)!));
        Assert.Empty(_errors.ToString());
    }

    /// <summary>As a ConfigMap is mounted: a link to a link's folder.</summary>
    [Fact]
    public void Link_IsFollowed()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "..2026"));
        File.WriteAllText(Path.Combine(_folder, "..2026", "cni-conf.json"), Conflist);
        File.SetUnixFileMode(Path.Combine(_folder, "..2026", "cni-conf.json"), Mode);
        Directory.CreateSymbolicLink(Path.Combine(_folder, "..data"), "..2026");
        File.CreateSymbolicLink(From, "..data/cni-conf.json");

        Assert.Equal(0, InstallConfCommand.Run([From, To], _errors));

        Assert.Null(new FileInfo(To).LinkTarget);
        Assert.Equal(Mode, File.GetUnixFileMode(To));
    }

    [Fact]
    public void File_ThatIsThere_IsReplaced_WhateverAnInterruptedCopyLeft()
    {
        File.WriteAllText(From, Conflist);
        Directory.CreateDirectory(Path.GetDirectoryName(To)!);
        File.WriteAllText(To, """{"name":"old","and":"longer than the new one, by far, so that nothing of it may stay behind"}""");
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(To)!, ".10-flannel.conflist.new"), "half");

        Assert.Equal(0, InstallConfCommand.Run([From, To], _errors));

        Assert.Equal(Conflist, File.ReadAllText(To));
        Assert.Equal([To], Directory.GetFiles(Path.GetDirectoryName(To)!));
    }

    [Theory]
    [InlineData("", "is no JSON")]
    [InlineData("{\"name\":", "is no JSON")]
    [InlineData("name: cbr0", "is no JSON")]
    [InlineData("", "it is empty")]
    [InlineData("\ufeff{}", "byte order mark")]
    [InlineData("{\n  \"name\": \"cbr0\",\n  \"plugins\": [],\n}", "at line 4, column 1: there is a comma before }, near \"")]
    [InlineData("{\"name\": \u201ccbr0\u201d}", "at line 1, column 10: \u201c is a typographic quote")]
    public void Content_ThatIsNoJson_LeavesTheOldFile(string content, string expected)
    {
        File.WriteAllText(From, content);
        Directory.CreateDirectory(Path.GetDirectoryName(To)!);
        File.WriteAllText(To, Conflist);

        Assert.Equal(1, InstallConfCommand.Run([From, To], _errors));

        Assert.Contains(expected, _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(Conflist, File.ReadAllText(To));
    }

    [Fact]
    public void Source_ThatIsMissingOrAFolderOrTooLarge_IsNamed()
    {
        Assert.Equal(1, InstallConfCommand.Run([From, To], _errors));
        Assert.Equal(1, InstallConfCommand.Run([_folder, To], _errors));
        File.WriteAllBytes(From, new byte[1024 * 1024 + 1]);
        Assert.Equal(1, InstallConfCommand.Run([From, To], _errors));

        string[] lines = _errors.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.Contains(_folder, line, StringComparison.Ordinal));
        Assert.False(File.Exists(To));
    }

    [Fact]
    public void Target_ThatIsAFolder_IsRefused()
    {
        File.WriteAllText(From, Conflist);

        Assert.Equal(1, InstallConfCommand.Run([From, _folder], _errors));

        Assert.Contains("10-flannel.conflist", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal([From], Directory.GetFiles(_folder));
    }

    [Theory]
    [InlineData]
    [InlineData("a")]
    [InlineData("a", "b", "c")]
    [InlineData("-h", "b")]
    [InlineData("", "b")]
    public void Arguments_OtherThanTwoPaths_GetTheUsage(params string[] arguments)
    {
        Assert.Equal(1, InstallConfCommand.Run(arguments, _errors));
        Assert.StartsWith("usage: flanneld install-conf FROM TO", _errors.ToString(), StringComparison.Ordinal);
    }
}
