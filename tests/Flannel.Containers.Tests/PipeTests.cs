using System.Net;
using System.Net.Sockets;
using Flannel.Containers.Addresses;
using Flannel.Containers.Devices;
using Flannel.Lab.Files;

namespace Flannel.Containers.Tests;

/// <summary>Pipes and sockets where files are expected: nothing waits for them.</summary>
public sealed class PipeTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("last_reserved_ip.0")]
    public async Task Addresses_PipeAmongThem_IsATypedErrorThatNamesIt(string name)
    {
        string path = NamedPipe.Make(Path.Combine(_folder, name));
        var book = new AddressDirectory(_folder, TimeSpan.FromSeconds(20), TimeProvider.System);

        var error = await Assert.ThrowsAsync<ContainerNetworkException>(() => Task.Run(
            () => book.Reserve(new Owner("one", "eth0"), [new AddressRange(IPNetwork.Parse("10.1.2.0/29"))], [])).WaitAsync(Limit));

        Assert.Equal(ContainerNetworkError.StateDirectory, error.Error);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("pipe", error.Message, StringComparison.Ordinal);
    }

    /// <summary>It says only where the next search begins.</summary>
    [Fact]
    public void Addresses_LastOneCannotBeWritten_AreReservedAllTheSame()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "last_reserved_ip.0"));
        var book = new AddressDirectory(_folder, TimeSpan.FromSeconds(20), TimeProvider.System);

        book.Reserve(new Owner("one", "eth0"), [new AddressRange(IPNetwork.Parse("10.1.2.0/29"))], []);

        Assert.Single(Directory.GetFiles(_folder, "10.1.2.*"));
    }

    [Fact]
    public async Task Namespaces_PipesAndSocketsAmongTheNames_ArePassedOver()
    {
        NamedPipe.Make(Path.Combine(_folder, "pipe"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder, "socket")));

        Dictionary<string, string> found = await Task.Run(() => NamespaceSearch.Run(["net:[1]"], [_folder])).WaitAsync(Limit);

        Assert.Empty(found);
    }
}
