using FlannelCni.Installation;

namespace FlannelCni.Tests;

public sealed class InstallCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannel-cni-").FullName;
    private readonly StringWriter _errors = new();

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        _errors.Dispose();
    }

    [Fact]
    public void Configuration_IsCopiedWithItsMode_IfItIsJson()
    {
        string from = Path.Combine(_folder, "from"), to = Path.Combine(_folder, "net.d", "10-flannel.conflist");
        File.WriteAllText(from, """{"name":"cbr0"}""");
        File.SetUnixFileMode(from, UnixFileMode.UserRead | UnixFileMode.GroupRead);

        Assert.Equal(0, InstallCommand.CopyConfiguration([from, to], _errors));
        Assert.Equal("""{"name":"cbr0"}""", File.ReadAllText(to));
        Assert.Equal(File.GetUnixFileMode(from), File.GetUnixFileMode(to));

        File.SetUnixFileMode(from, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllText(from, "garbage");
        Assert.Equal(1, InstallCommand.CopyConfiguration([from, to], _errors));
        Assert.Contains("is no JSON", _errors.ToString(), StringComparison.Ordinal);
        Assert.Contains("at line 1, column 1, near \"garbage\".", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal("""{"name":"cbr0"}""", File.ReadAllText(to));
    }

    [Fact]
    public void Plugin_IsThisProgram_AndExecutable()
    {
        string to = Path.Combine(_folder, "bin", "flannel");
        Assert.Equal(0, InstallCommand.CopyPlugin([to], _errors));
        Assert.Equal(0, InstallCommand.CopyPlugin([to], _errors));
        Assert.Equal(new FileInfo(Environment.ProcessPath!).Length, new FileInfo(to).Length);
        Assert.True(File.GetUnixFileMode(to).HasFlag(UnixFileMode.OtherExecute));
        Assert.Equal([to], Directory.GetFiles(Path.GetDirectoryName(to)!));
    }

    [Fact]
    public void WrongArguments_ShowTheUsage()
    {
        Assert.Equal(1, InstallCommand.CopyConfiguration(["one"], _errors));
        Assert.Equal(1, InstallCommand.CopyPlugin([], _errors));
        Assert.StartsWith("usage: flannel install-conf FROM TO", _errors.ToString(), StringComparison.Ordinal);
    }
}
