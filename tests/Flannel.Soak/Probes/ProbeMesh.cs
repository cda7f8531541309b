using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Flannel.Lab.Namespaces;

namespace Flannel.Soak.Probes;

/// <summary>
/// From every container to every other one a datagram each 10 ms. Each says who sent it and in which round, so what did not arrive is known by pair
/// and time.
/// </summary>
internal sealed class ProbeMesh : IDisposable
{
    private const int Port = 7000;
    private const int Bytes = 8;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);

    // A packet that is still on its way is not lost.
    private static readonly TimeSpan Underway = TimeSpan.FromSeconds(2);

    private readonly Socket[] _sockets;
    private readonly SocketAddress[] _addresses;
    private readonly long[] _sent; // when each round began
    private readonly ulong[][][] _arrived; // by receiver, sender, round
    private readonly List<Thread> _threads = [];
    private volatile bool _isStopped;
    private int _rounds;

    private ProbeMesh(IReadOnlyList<LabContainer> containers, TimeSpan atMost)
    {
        int rounds = (int)(atMost / Interval);
        _sent = new long[rounds];
        _arrived = [.. containers.Select(_ => containers.Select(_ => new ulong[(rounds + 63) / 64]).ToArray())];
        _addresses = [.. containers.Select(static container => new IPEndPoint(container.Address!, Port).Serialize())];
        _sockets = [.. containers.Select(
            static container => container.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp)))];
    }

    public int Count => _sockets.Length;

    /// <summary>How many rounds were sent.</summary>
    public int Rounds => Volatile.Read(ref _rounds);

    public static ProbeMesh Start(IReadOnlyList<LabContainer> containers, TimeSpan atMost)
    {
        var mesh = new ProbeMesh(containers, atMost);
        for (int i = 0; i < mesh.Count; i++)
        {
            int receiver = i;
            mesh._sockets[i].ReceiveBufferSize = 4 << 20;
            mesh._sockets[i].Bind(new IPEndPoint(IPAddress.Any, Port));
            mesh.StartThread("probe receiver", () => mesh.Receive(receiver));
        }

        mesh.StartThread("probe sender", mesh.Send);
        return mesh;
    }

    /// <summary>The first round that was sent at a time or later.</summary>
    public int RoundAt(long timestamp)
    {
        int found = Array.BinarySearch(_sent, 0, Rounds, timestamp);
        return found >= 0 ? found : ~found;
    }

    public long SentAt(int round) => _sent[round];

    /// <summary>The last round all of whose packets have had the time to arrive.</summary>
    public int Settled => RoundAt(Stopwatch.GetTimestamp() - (long)(Underway.TotalSeconds * Stopwatch.Frequency)) - 1;

    public bool HasArrived(int from, int to, int round) => (Volatile.Read(ref _arrived[to][from][round / 64]) >> (round % 64) & 1) != 0;

    /// <summary>The rounds from the first to before the end in which a packet between two containers was lost.</summary>
    public IEnumerable<int> Lost(int from, int to, int first, int end)
    {
        for (int round = first; round < end; round++)
        {
            if (!HasArrived(from, to, round)) yield return round;
        }
    }

    public void Dispose()
    {
        _isStopped = true;
        foreach (Socket socket in _sockets) socket.Dispose(); // which wakes its receiver
        foreach (Thread thread in _threads) thread.Join();
    }

    private void StartThread(string name, Action run)
    {
        var thread = new Thread(() => run()) { IsBackground = true, Name = name };
        _threads.Add(thread);
        thread.Start();
    }

    private void Send()
    {
        Span<byte> packet = stackalloc byte[Bytes];
        while (!_isStopped && _rounds < _sent.Length)
        {
            long began = Stopwatch.GetTimestamp();
            _sent[_rounds] = began;
            Volatile.Write(ref _rounds, _rounds + 1);
            BinaryPrimitives.WriteInt32LittleEndian(packet, _rounds - 1);
            for (int from = 0; from < Count; from++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(packet[4..], from);
                for (int to = 0; to < Count; to++)
                {
                    if (to != from) TrySend(_sockets[from], packet, _addresses[to]);
                }
            }

            TimeSpan left = Interval - Stopwatch.GetElapsedTime(began);
            if (left > TimeSpan.Zero) Thread.Sleep(left);
        }
    }

    private static void TrySend(Socket socket, ReadOnlySpan<byte> packet, SocketAddress to)
    {
        try
        {
            socket.SendTo(packet, SocketFlags.None, to);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It did not arrive, which is what is counted.
        }
    }

    private void Receive(int receiver)
    {
        byte[] packet = new byte[Bytes];
        while (!_isStopped)
        {
            try
            {
                if (_sockets[receiver].Receive(packet) != Bytes) continue;
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                continue;
            }

            int round = BinaryPrimitives.ReadInt32LittleEndian(packet);
            int sender = BinaryPrimitives.ReadInt32LittleEndian(packet.AsSpan(4));
            if ((uint)sender >= (uint)Count || (uint)round >= (uint)_sent.Length) continue;
            Volatile.Write(ref _arrived[receiver][sender][round / 64], _arrived[receiver][sender][round / 64] | 1UL << (round % 64));
        }
    }
}
