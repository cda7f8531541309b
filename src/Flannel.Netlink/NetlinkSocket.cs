using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink;

/// <summary>
/// A netlink socket of any family: requests with their acknowledgements, dumps, batches. It is opened in the calling thread's network namespace
/// and stays bound to it, whichever thread uses it later.
/// </summary>
/// <remarks>
/// Thread-safe: one exchange at a time. Calls are synchronous, because the kernel carries a request out inside <c>sendmsg(2)</c> and has the
/// answer queued when it returns. Answers are accepted only from the kernel and only with the sequence number and port id of the request.
/// Acknowledgements are capped (<c>NETLINK_CAP_ACK</c>) and extended (<c>NETLINK_EXT_ACK</c>); dump filters are checked strictly
/// (<c>NETLINK_GET_STRICT_CHK</c>) where the kernel can (4.20).
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed partial class NetlinkSocket : IDisposable
{
    // The kernel fills dump datagrams up to 32 KiB when the reader offers that much.
    private const int ReceiveBlockSize = 64 * 1024;

    private readonly Lock _lock = new();
    private readonly SafeNetlinkSocketHandle _handle;
    private readonly byte[] _block = GC.AllocateUninitializedArray<byte>(ReceiveBlockSize, pinned: true);
    private readonly Func<ReadOnlySpan<byte>, string> _describe;
    private readonly TimeSpan _receiveTimeout;
    private uint _sequence;
    private bool _answersLeftBehind;

    private NetlinkSocket(SafeNetlinkSocketHandle handle, NetlinkSocketOptions options)
    {
        _handle = handle;
        _receiveTimeout = options.ReceiveTimeout;
        _describe = options.Describe ?? DescribeByType;
    }

    /// <summary>The port id the kernel gave this socket; notifications it caused carry it.</summary>
    public uint PortId { get; private set; }

    /// <summary>Size of the receive buffer the kernel granted, in bytes as it counts them (twice the size asked for, when not capped).</summary>
    public int ReceiveBufferSize { get; private set; }

    /// <summary>Whether the kernel checks requests strictly and therefore honours the filters of a dump.</summary>
    public bool IsStrict { get; private set; }

    internal SafeNetlinkSocketHandle Handle => _handle;

    /// <summary>Opens a socket in the calling thread's network namespace and joins the groups asked for.</summary>
    /// <param name="protocol">The netlink family.</param>
    /// <param name="options">Timeout, buffer and groups; null for the defaults.</param>
    /// <returns>The bound socket.</returns>
    /// <exception cref="NetlinkException">The kernel refused; <see cref="NetlinkException.Operation"/> names the step.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The timeout is below 1 millisecond or the buffer size not positive.</exception>
    public static NetlinkSocket Open(NetlinkProtocol protocol, NetlinkSocketOptions? options = null)
    {
        options ??= new NetlinkSocketOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.ReceiveTimeout, TimeSpan.FromMilliseconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ReceiveBufferSize, 0);
        SafeNetlinkSocketHandle handle = Libc.socket(Libc.AF_NETLINK, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, (int)protocol);
        if (handle.IsInvalid)
        {
            int errno = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw new NetlinkException($"open a netlink socket of family {protocol}", errno);
        }

        var socket = new NetlinkSocket(handle, options);
        try
        {
            socket.Configure(options);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request and waits for its acknowledgement.</summary>
    /// <param name="request">One complete message; its sequence number and <c>NLM_F_ACK</c> are set here.</param>
    /// <exception cref="NetlinkException">The kernel refused the request or did not answer in time.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public void Execute(Span<byte> request)
    {
        lock (_lock)
            ExchangeWithAcknowledgement(request, static (NetlinkMessage _, out bool item) => item = false, out _);
    }

    /// <summary>Sends a request that is answered by one object and returns that object.</summary>
    /// <typeparam name="T">What the answer is parsed to.</typeparam>
    /// <param name="request">One complete message; its sequence number and <c>NLM_F_ACK</c> are set here.</param>
    /// <param name="parser">Reads the answer; the first one it accepts is returned.</param>
    /// <returns>The answer, or the default of <typeparamref name="T"/> when the kernel acknowledged without one.</returns>
    /// <exception cref="NetlinkException">The kernel refused the request or did not answer in time.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public T? Query<T>(Span<byte> request, NetlinkMessageParser<T> parser)
    {
        ArgumentNullException.ThrowIfNull(parser);
        lock (_lock)
        {
            ExchangeWithAcknowledgement(request, parser, out T? item);
            return item;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle.Dispose();

    private static string DescribeByType(ReadOnlySpan<byte> request) =>
        $"netlink request type {MemoryMarshal.Read<nlmsghdr>(request).nlmsg_type} ({request.Length} bytes)";

    private void ExchangeWithAcknowledgement<T>(Span<byte> request, NetlinkMessageParser<T> parser, out T? item)
    {
        item = default;
        bool found = false;
        uint sequence = Begin(request, LinuxNetlink.NLM_F_ACK);
        Send(request);
        while (true)
        {
            var messages = new NetlinkMessageReader(Receive(request));
            while (messages.MoveNext())
            {
                NetlinkMessage message = messages.Current;
                if (message.Sequence != sequence || message.PortId != PortId)
                    continue;
                if (message.Type == LinuxNetlink.NLMSG_ERROR)
                {
                    _answersLeftBehind = false;
                    KernelError error = KernelError.Read(message);
                    if (error.Errno != 0)
                        throw error.ToException(_describe(request));
                    return;
                }

                if (!found && message.Type > LinuxNetlink.NLMSG_DONE)
                    found = parser(message, out item);
            }

            messages.EnsureValid();
        }
    }
}
