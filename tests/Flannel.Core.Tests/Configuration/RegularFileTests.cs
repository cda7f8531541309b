using System.Net.Sockets;
using Flannel.Core.Tests.Interop;
using Flannel.Extensibility;

namespace Flannel.Core.Tests.Configuration;

/// <summary>What is no file hangs nobody, wherever a file is expected.</summary>
public sealed class RegularFileTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private readonly string _directory = Directory.CreateTempSubdirectory("regular-file-").FullName;

    // Its file goes with it.
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public void Dispose()
    {
        _socket.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    public static TheoryData<string> Others => ["pipe", "link", "socket", "/dev/zero", "/dev/null"];

    [Theory]
    [MemberData(nameof(Others))]
    public async Task SubnetFile_OtherThanAFile_IsAnErrorThatNamesIt(string kind)
    {
        string path = Make(kind);

        var read = await Assert.ThrowsAsync<SubnetFileException>(() => Task.Run(() => SubnetFile.Read(path)).WaitAsync(Limit));
        var write = await Assert.ThrowsAsync<SubnetFileException>(() => new SubnetFile { Mtu = 1 }.WriteAsync(path).WaitAsync(Limit));

        Assert.All([read, write], error => Assert.Contains(path, error.Message, StringComparison.Ordinal));
        Assert.All([read, write], error => Assert.Contains("not a regular file", error.Message, StringComparison.Ordinal));
        Assert.NotNull(RegularFile.Refuse(path));
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task PemFile_OtherThanAFile_IsAnErrorThatNamesIt(string kind)
    {
        string path = Make(kind);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Task.Run(() => PemFile.Read("CaFile", path)).WaitAsync(Limit));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuse_FilesAndNothing_AreFine()
    {
        string empty = Path.Combine(_directory, "empty"), full = Path.Combine(_directory, "full"), link = Path.Combine(_directory, "to-full");
        File.WriteAllText(empty, "");
        File.WriteAllText(full, "x");
        File.CreateSymbolicLink(link, full);

        Assert.All(
            [empty, full, link, _directory, Path.Combine(_directory, "nothing"), "/proc/self/status"], path => Assert.Null(RegularFile.Refuse(path)));
        Assert.Equal('x', RegularFile.OpenRead(link).ReadByte());
        Assert.Null(SubnetFile.Read(empty)!.Key);
    }

    private string Make(string kind)
    {
        if (kind[0] == '/') return kind;
        string path = Path.Combine(_directory, kind);
        if (kind == "socket")
        {
            _socket.Bind(new UnixDomainSocketEndPoint(path));
            return path;
        }

        string pipe = kind == "pipe" ? path : path + "-target";
        Assert.Equal(0, Libc.mkfifo(pipe, 0b110_000_000));
        if (kind == "link") File.CreateSymbolicLink(path, pipe);
        return path;
    }
}
