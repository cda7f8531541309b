using System.Net;
using Flannel.Core.Tests.Interop;

namespace Flannel.Core.Tests.Configuration;

public sealed class SubnetFileStorageTests : IDisposable
{
    private const UnixFileMode Mode644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Mode755 = Mode644 | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly string _directory = Directory.CreateTempSubdirectory("subnet-file-").FullName;
    private readonly SubnetFile _file = new() { Network = IPNetwork.Parse("10.5.0.0/16"), Subnet = IPNetwork.Parse("10.5.52.0/24"), Mtu = 1450 };

    private string FilePath => Path.Combine(_directory, "subnet.env");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task WriteAsync_NewFile_ReadsBackAndLeavesNothingElse()
    {
        await _file.WriteAsync(FilePath);

        Assert.Equal(_file, SubnetFile.Read(FilePath));
        Assert.Equal(_file.ToText(), File.ReadAllText(FilePath));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task WriteAsync_OldFile_IsReplacedByANewOne()
    {
        await _file.WriteAsync(FilePath);
        using FileStream old = File.OpenRead(FilePath);

        await (_file with { Mtu = 1400 }).WriteAsync(FilePath);

        Assert.Equal(_file.ToText(), new StreamReader(old).ReadToEnd());
        Assert.Equal(1400, SubnetFile.Read(FilePath)!.Mtu);
    }

    [Fact]
    public async Task WriteAsync_StrictUmask_FileIs644AndNewDirectories755()
    {
        string path = Path.Combine(_directory, "a", "b", "subnet.env");
        UnixFileMode own = File.GetUnixFileMode(_directory);

        uint before = Libc.umask(Convert.ToUInt32("077", 8));
        try
        {
            await _file.WriteAsync(path);
        }
        finally
        {
            _ = Libc.umask(before);
        }

        Assert.Equal(Mode644, File.GetUnixFileMode(path));
        Assert.Equal(Mode755, File.GetUnixFileMode(Path.Combine(_directory, "a")));
        Assert.Equal(Mode755, File.GetUnixFileMode(Path.Combine(_directory, "a", "b")));
        Assert.Equal(own, File.GetUnixFileMode(_directory));
    }

    [Fact]
    public async Task WriteAsync_TargetIsADirectory_ThrowsAndLeavesNothingBehind()
    {
        Directory.CreateDirectory(Path.Combine(FilePath, "occupied"));

        SubnetFileException e = await Assert.ThrowsAsync<SubnetFileException>(() => _file.WriteAsync(FilePath));

        Assert.Equal(FilePath, e.Path);
        Assert.Contains(FilePath, e.Message, StringComparison.Ordinal);
        Assert.Contains("SubnetFile option", e.Message, StringComparison.Ordinal);
        Assert.NotNull(e.InnerException);
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task WriteAsync_ParentIsAFile_Throws()
    {
        File.WriteAllText(FilePath, "");

        SubnetFileException e = await Assert.ThrowsAsync<SubnetFileException>(() => _file.WriteAsync(Path.Combine(FilePath, "below", "subnet.env")));

        Assert.Contains($"{FilePath} is a file, not a directory; remove it, or choose another path", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteAsync_PathIsADirectory_Throws()
    {
        SubnetFileException e = await Assert.ThrowsAsync<SubnetFileException>(() => _file.WriteAsync(_directory));

        Assert.Contains(
            $"{_directory} cannot be written: it is a directory; name a file in it, or choose another path", e.Message, StringComparison.Ordinal);
        Assert.Contains("-subnet-file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WriteAsync_Cancelled_KeepsTheOldFile()
    {
        await _file.WriteAsync(FilePath);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => (_file with { Mtu = 1 }).WriteAsync(FilePath, new CancellationToken(canceled: true)));

        Assert.Equal(_file, SubnetFile.Read(FilePath));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task WriteAsync_ConcurrentReaders_NeverSeeAPartOfAFile()
    {
        SubnetFile other = _file with { Subnet = IPNetwork.Parse("10.5.200.0/24"), IPv6Subnet = IPNetwork.Parse("fd00::/64"), IpMasq = true };
        string[] complete = [_file.ToText(), other.ToText()];
        await _file.WriteAsync(FilePath);
        using var done = new CancellationTokenSource();
        Task<int>[] readers =
        [
            .. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
            {
                int reads = 0;
                do
                {
                    Assert.Contains(File.ReadAllText(FilePath), complete);
                    reads++;
                }
                while (!done.IsCancellationRequested);

                return reads;
            })),
        ];

        // Two writers at once as well: each rename is atomic, so one of the two files wins each time.
        async Task WriteManyAsync(SubnetFile one, SubnetFile two)
        {
            for (int i = 0; i < 100; i++)
            {
                await (i % 2 == 0 ? one : two).WriteAsync(FilePath);
            }
        }

        await Task.WhenAll(WriteManyAsync(_file, other), WriteManyAsync(other, _file));
        await done.CancelAsync();

        Assert.All(await Task.WhenAll(readers), reads => Assert.True(reads > 0));
        Assert.Equal([FilePath], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public void Read_NoFile_IsNull()
    {
        Assert.Null(SubnetFile.Read(FilePath));
        Assert.Null(SubnetFile.Read(Path.Combine(_directory, "missing", "subnet.env")));
    }

    [Fact]
    public void Read_Directory_Throws() => Assert.Equal(_directory, Assert.Throws<SubnetFileException>(() => SubnetFile.Read(_directory)).Path);

    [Fact]
    public void Read_HugeFile_Throws()
    {
        File.WriteAllText(FilePath, new string('\n', 65_537));

        Assert.Contains("64 KiB", Assert.Throws<SubnetFileException>(() => SubnetFile.Read(FilePath)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_LinesLeftOut_AreTold()
    {
        File.WriteAllBytes(FilePath, [0xFF, 0xFE, (byte)'\n', .. "FLANNEL_MTU=1450"u8]);
        var ignored = new List<string>();

        Assert.Equal(1450, SubnetFile.Read(FilePath, ignored.Add)!.Mtu);
        Assert.Single(ignored);
    }
}
