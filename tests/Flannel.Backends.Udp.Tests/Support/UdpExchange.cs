using System.Net;
using System.Net.Sockets;
using Flannel.Lab.Namespaces;

namespace Flannel.Backends.Udp.Tests.Support;

/// <summary>A pair of UDP sockets in two nodes of a lab.</summary>
internal sealed class UdpExchange : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly LabNode _from;
    private readonly IPAddress _address;
    private readonly Socket _sender;
    private readonly Socket _receiver;
    private bool _isWarm;

    /// <summary>Opens the sockets.</summary>
    /// <param name="from">The sender.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="address">The receiver's address.</param>
    public UdpExchange(LabNode from, LabNode to, IPAddress address)
    {
        (_from, _address) = (from, address);
        _receiver = to.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        _receiver.ReceiveBufferSize = 8 << 20;
        _receiver.Bind(new IPEndPoint(address, 0));
        _sender = from.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        _sender.Connect(_receiver.LocalEndPoint!);
    }

    /// <summary>The sending socket, for its options.</summary>
    public Socket Sender => _sender;

    /// <summary>Sends datagrams and checks that each arrives as it was, in order.</summary>
    public async Task CheckAsync(IEnumerable<byte[]> datagrams)
    {
        await WarmUpAsync();
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[65536];
        foreach (byte[] datagram in datagrams)
        {
            await _sender.SendAsync(datagram, limit.Token);
            int length = await _receiver.ReceiveAsync(buffer.AsMemory(), limit.Token);
            Assert.Equal(datagram, buffer[..length]);
        }
    }

    /// <summary>Sends datagrams back to back, then checks that they arrive in order.</summary>
    public async Task CheckBurstAsync(IReadOnlyList<byte[]> datagrams)
    {
        await WarmUpAsync();
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[65536];
        foreach (byte[] datagram in datagrams) await _sender.SendAsync(datagram, limit.Token);
        foreach (byte[] datagram in datagrams)
        {
            int length = await _receiver.ReceiveAsync(buffer.AsMemory(), limit.Token);
            Assert.Equal(datagram, buffer[..length]);
        }
    }

    /// <summary>Sends datagrams back to back, then checks that all of them arrive, each as it was, in whatever order.</summary>
    /// <param name="sends">What is sent at once each time.</param>
    /// <param name="segment">The length that the kernel cuts each of them to (<c>UDP_SEGMENT</c>), or 0 to leave them whole.</param>
    public async Task CheckUnorderedBurstAsync(IReadOnlyList<byte[]> sends, int segment = 0)
    {
        await WarmUpAsync();
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[65536];
        byte[][] datagrams = segment == 0 ? [.. sends] : [.. sends.SelectMany(send => send.Chunk(segment))];
        var received = new List<string>();
        _sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(segment));
        foreach (byte[] send in sends) await _sender.SendAsync(send, limit.Token);
        _sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(0));
        while (received.Count < datagrams.Length)
        {
            int length = await _receiver.ReceiveAsync(buffer.AsMemory(), limit.Token);
            received.Add(Convert.ToHexString(buffer, 0, length));
        }

        Assert.Equal(datagrams.Select(Convert.ToHexString).Order(StringComparer.Ordinal), received.Order(StringComparer.Ordinal));
    }

    /// <summary>Sends datagrams of one length as one super-packet (<c>UDP_SEGMENT</c>), then checks that they arrive one by one.</summary>
    public async Task CheckSegmentedAsync(int count, int length)
    {
        await WarmUpAsync();
        using var limit = new CancellationTokenSource(Deadline);
        byte[] buffer = new byte[65536];
        byte[] all = Datagrams(count * length)[0];
        _sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(length));
        await _sender.SendAsync(all, limit.Token);
        _sender.SetRawSocketOption(17, 103, BitConverter.GetBytes(0));
        for (int index = 0; index < count; index++)
        {
            int received = await _receiver.ReceiveAsync(buffer.AsMemory(), limit.Token);
            Assert.Equal(all[(index * length)..((index + 1) * length)], buffer[..received]);
        }
    }

    /// <summary>Datagrams of some lengths with recognisable content.</summary>
    public static byte[][] Datagrams(params int[] lengths)
    {
        var random = new Random(42);
        return [.. lengths.Select(length =>
        {
            byte[] datagram = new byte[length];
            random.NextBytes(datagram);
            return datagram;
        })];
    }

    /// <summary>Until links have found their neighbours, which takes IPv6 seconds, the kernel drops what it cannot deliver yet.</summary>
    private async Task WarmUpAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        while (!_isWarm)
        {
            _isWarm = (await _from.PingAsync(_address)).AllAnswered;
            if (limit.IsCancellationRequested) throw new TimeoutException($"{_from.NamespaceName} cannot reach {_address}.");
        }
    }

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }
}
