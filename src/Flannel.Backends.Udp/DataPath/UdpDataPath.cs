using System.Runtime.Versioning;
using Flannel.Backends.Udp.Sockets;
using Flannel.Backends.Udp.Tun;
using Flannel.Extensibility;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>
/// A TUN device, the sockets, and the pairs of threads between them; each pair has its own queue of the device and its own sockets. It cannot be
/// repaired: when a descriptor fails, it ends, and another one is opened in its place.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class UdpDataPath : IDisposable
{
    private const int StackBytes = 256 * 1024;

    private readonly StopSignal _stop = new();
    private readonly TunDevice _tun;
    private readonly List<UdpSocket> _sockets = [];
    private readonly List<Thread> _threads = [];
    private readonly int _pairs;
    private readonly TimeSpan _busyPoll;
    private readonly Action _onChanged;
    private volatile string? _fault;

    private UdpDataPath(UdpSpec spec, Action onChanged)
    {
        UdpBackendOptions options = spec.Options;
        (_pairs, _busyPoll, _onChanged) = (options.ThreadPairs, TimeSpan.FromMicroseconds(options.BusyPollMicroseconds), onChanged);
        try
        {
            foreach (NetworkFamily family in spec.Families)
            {
                var endpoint = new System.Net.IPEndPoint(family.InterfaceAddress, spec.Port);
                _sockets.AddRange(UdpSocket.Open(endpoint, options.Offloads, options.SocketBufferBytes, _pairs));
            }

            _tun = TunDevice.Open(options.Offloads, _pairs);
        }
        catch
        {
            foreach (UdpSocket socket in _sockets) socket.Dispose();
            _stop.Dispose();
            throw;
        }

        UdpOffloads offloads = _tun.Offloads;
        foreach (UdpSocket socket in _sockets) offloads |= socket.Offloads;
        foreach (UdpSocket socket in _sockets) offloads &= socket.Offloads | ~UdpSocket.Concerned;
        Offloads = new OffloadState(offloads, onChanged);
    }

    /// <summary>The TUN device's name when it was opened.</summary>
    public string Device => _tun.Name;

    /// <summary>The sockets: those of IPv4 first, in the order of the pairs.</summary>
    public IReadOnlyList<UdpSocket> Sockets => _sockets;

    /// <summary>The off-loads in use.</summary>
    public OffloadState Offloads { get; }

    /// <summary>Why the data path ended by itself, or <see langword="null"/>.</summary>
    public string? Fault => _fault;

    /// <summary>Opens the sockets, then a TUN device, in the host's network namespace.</summary>
    /// <param name="spec">What the network should be.</param>
    /// <param name="host">The host's kernel.</param>
    /// <param name="onChanged">Called by any thread when <see cref="Fault"/> or <see cref="Offloads"/> changed.</param>
    /// <exception cref="Flannel.FlannelException">The host refuses; says what to do.</exception>
    public static UdpDataPath Open(UdpSpec spec, HostKernel host, Action onChanged) => host.Run(() => new UdpDataPath(spec, onChanged));

    /// <summary>Starts the threads. The device must be set up.</summary>
    /// <param name="settings">What the threads need to know.</param>
    /// <param name="peers">Where they find the peers.</param>
    /// <param name="sent">Where the sending threads count.</param>
    /// <param name="received">Where the receiving threads count.</param>
    /// <param name="time">The clock.</param>
    public void Start(DataPathSettings settings, PeerTableCell peers, DirectionCounters sent, DirectionCounters received, TimeProvider time)
    {
        UdpSocket[] sockets = [.. _sockets.Where(static socket => !socket.IsIPv6)];
        UdpSocket[] sockets6 = [.. _sockets.Where(static socket => socket.IsIPv6)];
        for (int pair = 0; pair < _pairs; pair++)
        {
            var queues = new QueuePair(
                _tun.Queues[pair], _tun.HasVirtioHeader, sockets.ElementAtOrDefault(pair), sockets6.ElementAtOrDefault(pair), _stop);
            (ThreadCounters sending, ThreadCounters receiving) = (sent.Threads[pair], received.Threads[pair]);
            StartThread("send", new Sender(queues, peers, settings, Offloads, sending, new BusyPoll(_busyPoll, time), time).Run, sending);
            StartThread("receive", new Receiver(queues, peers, settings, Offloads, receiving, new BusyPoll(_busyPoll, time), time).Run, receiving);
        }
    }

    /// <summary>Ends the threads, then closes the descriptors: never the other way round, because numbers are given out again.</summary>
    public void Dispose()
    {
        _stop.Raise();
        foreach (Thread thread in _threads) thread.Join();
        _tun.Dispose();
        foreach (UdpSocket socket in _sockets) socket.Dispose();
        _stop.Dispose();
    }

    private void StartThread(string direction, Func<int> run, ThreadCounters counters)
    {
        // Never of the pool: it waits in system calls for most of its life.
        string name = _pairs == 1 ? $"{Device} {direction}" : $"{Device} {direction} {counters.Pair}";
        var thread = new Thread(() => Run(direction, run, counters), StackBytes) { IsBackground = true, Name = name };
        _threads.Add(thread);
        thread.Start();
    }

    private void Run(string direction, Func<int> run, ThreadCounters counters)
    {
        try
        {
            int errno = run();
            counters.AllocatedBytes = GC.GetAllocatedBytesForCurrentThread();
            if (errno != 0) Fail($"{Device} cannot {direction} any more (errno {errno})");
        }
        catch (Exception exception)
        {
            // A thread that falls would take the host's process with it; the data path is opened again instead.
            Fail($"{Device} cannot {direction} any more: {exception}");
        }
    }

    private void Fail(string fault)
    {
        _fault = fault;
        _onChanged();
    }
}
