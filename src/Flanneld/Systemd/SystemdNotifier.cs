using System.Net.Sockets;
using System.Text;
using Flanneld.Logging;

namespace Flanneld.Systemd;

/// <summary>
/// Tells systemd how the service is (sd_notify(3)): datagrams to the socket that <c>NOTIFY_SOCKET</c> names. Without one it tells nobody, and a
/// systemd that does not listen is no reason to fail.
/// </summary>
internal sealed class SystemdNotifier : IDisposable
{
    private readonly Socket? _socket;

    /// <param name="address"><c>NOTIFY_SOCKET</c>: a path, or a name in the abstract namespace behind <c>@</c>.</param>
    public SystemdNotifier(string? address)
    {
        if (address is not ['/' or '@', _, ..]) return;
        string path = address[0] == '@' ? '\0' + address[1..] : address;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.SendTimeout = 1000;
            _socket = socket;
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            socket.Dispose();
        }
    }

    public void Ready(string status) => Send($"READY=1\nSTATUS={LogText.OnOneLine(status)}");

    public void Status(string status) => Send($"STATUS={LogText.OnOneLine(status)}");

    public void Stopping() => Send("STOPPING=1\nSTATUS=stopping");

    public void Dispose() => _socket?.Dispose();

    private void Send(string state)
    {
        try
        {
            _socket?.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException)
        {
            // systemd was restarted or is too busy; the next message may arrive.
        }
    }
}
