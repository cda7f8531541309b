using System.Text;
using Flannel;
using Flanneld.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flanneld.Tests.Hosting;

public sealed class NetConfigFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-config-");
    private readonly InMemoryLeaseStore _store = new((string?)null);

    private string FilePath => Path.Combine(_folder.FullName, "net-conf.json");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task File_IsReadAgainWhenItChanges()
    {
        NetConfigFile file = File(isRequired: true);
        file.ReadInto(_store);
        Assert.Null(await ConfigAsync());

        await System.IO.File.WriteAllTextAsync(FilePath, "{}");
        file.ReadInto(_store);
        Assert.Equal("{}", await ConfigAsync());

        System.IO.File.Delete(FilePath);
        file.ReadInto(_store);
        Assert.Equal("{}", await ConfigAsync()); // what was read still counts
    }

    [Fact]
    public async Task MissingFile_ThatNobodyAskedFor_IsReplacedByAnExample()
    {
        File(isRequired: false).ReadInto(_store);

        Assert.Equal(NetConfigFile.DefaultConfig, await ConfigAsync());
    }

    [Fact]
    public async Task Directory_IsNotRead()
    {
        Directory.CreateDirectory(FilePath);
        File(isRequired: true).ReadInto(_store);

        Assert.Null(await ConfigAsync());
    }

    [Fact]
    public async Task HugeFile_IsNotRead()
    {
        await System.IO.File.WriteAllTextAsync(FilePath, new string(' ', 100_000));
        File(isRequired: true).ReadInto(_store);

        Assert.Null(await ConfigAsync());
    }

    private NetConfigFile File(bool isRequired) => new(FilePath, isRequired, NullLogger.Instance, TimeProvider.System);

    private async Task<string?> ConfigAsync() =>
        (await _store.ListAsync(null, CancellationToken.None)).Config is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null;
}
