using System.Collections.ObjectModel;
using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink;

public sealed partial class NetlinkSocket
{
    // Well below the default send buffer (net.core.wmem_default, 212992 bytes).
    private const int MaximumChunkBytes = 64 * 1024;

    // One refusal takes up to this much of the receive buffer, the kernel's bookkeeping included. A chunk is kept small enough that no refusal
    // is lost even if every request in it fails.
    private const int RefusalCost = 2048;

    private readonly List<int> _chunkOffsets = [];

    /// <summary>Carries out many requests in few system calls, in order. A refused request does not stop those behind it.</summary>
    /// <remarks>
    /// Only the last message of each chunk asks for an acknowledgement: the kernel answers failing messages without being asked
    /// (<c>netlink_rcv_skb</c>), so that one acknowledgement proves that every unanswered request of the chunk succeeded. Requests of other
    /// threads may come between two chunks.
    /// </remarks>
    /// <param name="messages">
    /// Complete messages back to back, each padded to four bytes; their sequence numbers and <c>NLM_F_ACK</c> are set here.
    /// </param>
    /// <returns>The refused requests by their index in the batch; empty when all succeeded.</returns>
    /// <exception cref="NetlinkException">A chunk could not be sent or its end was not acknowledged; what was done is then unknown.</exception>
    /// <exception cref="ArgumentException">The messages are malformed.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public IReadOnlyDictionary<int, NetlinkException> ExecuteBatch(Span<byte> messages)
    {
        Dictionary<int, NetlinkException>? refused = null;
        int firstIndex = 0;
        while (!messages.IsEmpty)
        {
            lock (_lock)
            {
                Span<byte> chunk = messages[..BeginChunk(messages)];
                Send(chunk);
                ReceiveChunk(chunk, firstIndex, ref refused);
                firstIndex += _chunkOffsets.Count;
                messages = messages[chunk.Length..];
            }
        }

        return refused ?? (IReadOnlyDictionary<int, NetlinkException>)ReadOnlyDictionary<int, NetlinkException>.Empty;
    }

    /// <summary>Numbers as many messages as make one chunk, the last of them with <c>NLM_F_ACK</c>.</summary>
    /// <returns>Length of the chunk in bytes; its messages start at <see cref="_chunkOffsets"/>.</returns>
    private int BeginChunk(Span<byte> messages)
    {
        if (_answersLeftBehind)
            Drain();
        int maximumCount = Math.Max(1, ReceiveBufferSize / RefusalCost);
        if (_sequence > uint.MaxValue - maximumCount)
            _sequence = 0; // the numbers of one chunk must be consecutive
        _chunkOffsets.Clear();
        int length = 0;
        while (length < messages.Length && _chunkOffsets.Count < maximumCount)
        {
            int messageLength = MeasureMessage(messages[length..]);
            if (length > 0 && length + messageLength > MaximumChunkBytes)
                break;
            ref nlmsghdr header = ref MemoryMarshal.AsRef<nlmsghdr>(messages[length..]);
            header.nlmsg_seq = NextSequence();
            header.nlmsg_flags = (ushort)(header.nlmsg_flags & ~LinuxNetlink.NLM_F_ACK);
            _chunkOffsets.Add(length);
            length += messageLength;
        }

        MemoryMarshal.AsRef<nlmsghdr>(messages[_chunkOffsets[^1]..]).nlmsg_flags |= LinuxNetlink.NLM_F_ACK;
        _answersLeftBehind = true;
        return length;
    }

    /// <summary>Collects refusals until the last message of the chunk is answered.</summary>
    private void ReceiveChunk(ReadOnlySpan<byte> chunk, int firstIndex, ref Dictionary<int, NetlinkException>? refused)
    {
        uint firstSequence = _sequence - (uint)(_chunkOffsets.Count - 1);
        while (true)
        {
            var messages = new NetlinkMessageReader(Receive(chunk));
            while (messages.MoveNext())
            {
                NetlinkMessage message = messages.Current;
                uint position = message.Sequence - firstSequence;
                if (message.Type != LinuxNetlink.NLMSG_ERROR || message.PortId != PortId || position >= (uint)_chunkOffsets.Count)
                    continue;
                KernelError error = KernelError.Read(message);
                if (error.Errno != 0)
                {
                    ReadOnlySpan<byte> request = chunk[_chunkOffsets[(int)position]..];
                    request = request[..(int)MemoryMarshal.Read<nlmsghdr>(request).nlmsg_len];
                    refused ??= [];
                    refused[firstIndex + (int)position] = error.ToException(_describe(request));
                }

                if (position == (uint)_chunkOffsets.Count - 1)
                {
                    _answersLeftBehind = false;
                    return;
                }
            }

            messages.EnsureValid();
        }
    }

    private static int MeasureMessage(ReadOnlySpan<byte> messages)
    {
        uint length = messages.Length < LinuxNetlink.NLMSG_HDRLEN ? 0 : MemoryMarshal.Read<nlmsghdr>(messages).nlmsg_len;
        if (length < LinuxNetlink.NLMSG_HDRLEN || length > (uint)messages.Length || length % 4 != 0)
            throw new ArgumentException("Each message must be complete, with its length in its header, and padded to four bytes.", nameof(messages));
        return (int)length;
    }
}
