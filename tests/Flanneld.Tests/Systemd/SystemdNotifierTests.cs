using System.Net.Sockets;
using System.Text;
using Flanneld.Systemd;

namespace Flanneld.Tests.Systemd;

public sealed class SystemdNotifierTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Messages_ReachTheSocket(bool isAbstract)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flannel-notify-");
        try
        {
            string path = isAbstract ? $"@flannel-{Guid.NewGuid():N}" : Path.Combine(folder.FullName, "notify");
            using var systemd = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            systemd.Bind(new UnixDomainSocketEndPoint(isAbstract ? '\0' + path[1..] : path));
            systemd.ReceiveTimeout = 30_000;
            using var notifier = new SystemdNotifier(path);

            notifier.Status("not ready: no etcd\nat all");
            notifier.Ready("10.5.1.0-24");
            notifier.Stopping();

            Assert.Equal("STATUS=not ready: no etcd | at all", Receive(systemd));
            Assert.Equal("READY=1\nSTATUS=10.5.1.0-24", Receive(systemd));
            Assert.Equal("STOPPING=1\nSTATUS=stopping", Receive(systemd));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("relative")]
    [InlineData("vsock:2:1234")]
    [InlineData("/nonexistent/notify")]
    [InlineData("@nobody-listens-here")]
    public void NobodyThere_IsNoError(string? address)
    {
        using var notifier = new SystemdNotifier(address);
        notifier.Ready("");
        notifier.Stopping();
    }

    [Fact]
    public void AddressThatIsTooLong_IsNoError() => new SystemdNotifier("/" + new string('x', 500)).Dispose();

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[1000];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
