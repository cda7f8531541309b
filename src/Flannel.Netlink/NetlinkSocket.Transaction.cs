using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink;

public sealed unsafe partial class NetlinkSocket
{
    // What the kernel wants to have left of the send buffer beside one message (netlink_sendmsg).
    private const int SendReserve = 32;

    private int _sendBufferSize;

    /// <summary>Carries out a transaction of nfnetlink, which must be one datagram and is done as a whole or not at all.</summary>
    /// <remarks>
    /// Requests are answered in order after the kernel has carried the transaction out or undone it; only a refusal of the whole comes in the name of
    /// the message that begins it. The last request alone asks for an acknowledgement, so its answer proves that no refusal is still to come.
    /// </remarks>
    /// <param name="messages">
    /// Complete messages back to back: one that begins the transaction, at least one request, one that ends it. Sequence numbers and
    /// <c>NLM_F_ACK</c> are set here.
    /// </param>
    /// <param name="describe">Names a request, and the part of it that begins at an offset if the kernel tells which part it refused.</param>
    /// <param name="requestOf">What the exception calls the n-th message behind the first.</param>
    /// <exception cref="NetlinkException">The transaction was refused, could not be sent or was not answered.</exception>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    internal void ExecuteTransaction(Span<byte> messages, Func<ReadOnlySpan<byte>, int?, string> describe, Func<int, int> requestOf)
    {
        lock (_lock)
        {
            if (_answersLeftBehind)
                Drain();
            EnsureSendBuffer(messages);
            List<int> offsets = NumberTransaction(messages);
            Send(messages);
            if (ReceiveTransaction(messages, offsets) is not ({ } error, int position))
                return;
            ReadOnlySpan<byte> request = messages[offsets[position]..];
            string operation = describe(request[..(int)MemoryMarshal.Read<nlmsghdr>(request).nlmsg_len], error.AttributeOffset);
            throw error.ToException(operation, position > 0 && position < offsets.Count - 1 ? requestOf(position - 1) : null);
        }
    }

    private List<int> NumberTransaction(Span<byte> messages)
    {
        List<int> offsets = [];
        for (int offset = 0; offset < messages.Length; offset += MeasureMessage(messages[offset..]))
            offsets.Add(offset);
        if (_sequence > uint.MaxValue - offsets.Count)
            _sequence = 0; // the numbers of one transaction must be consecutive
        foreach (int offset in offsets)
            MemoryMarshal.AsRef<nlmsghdr>(messages[offset..]).nlmsg_seq = NextSequence();
        MemoryMarshal.AsRef<nlmsghdr>(messages[offsets[^2]..]).nlmsg_flags |= LinuxNetlink.NLM_F_ACK;
        _answersLeftBehind = true;
        return offsets;
    }

    /// <returns>The first refusal and which message it answers; <see langword="null"/> when all went well.</returns>
    private (KernelError Error, int Position)? ReceiveTransaction(ReadOnlySpan<byte> transaction, List<int> offsets)
    {
        uint firstSequence = _sequence - (uint)(offsets.Count - 1);
        (KernelError, int)? refusal = null;
        while (true)
        {
            var messages = new NetlinkMessageReader(Receive(transaction));
            while (messages.MoveNext())
            {
                NetlinkMessage message = messages.Current;
                uint position = message.Sequence - firstSequence;
                if (message.Type != LinuxNetlink.NLMSG_ERROR || message.PortId != PortId || position >= (uint)offsets.Count)
                    continue;
                KernelError error = KernelError.Read(message);
                if (error.Errno != 0)
                    refusal ??= (error, (int)position);
                if (position == 0 && error.Errno != 0)
                    return refusal; // others may follow, or not; the next exchange discards them
                if (position == (uint)offsets.Count - 2)
                {
                    _answersLeftBehind = false;
                    return refusal;
                }
            }

            messages.EnsureValid();
        }
    }

    private void EnsureSendBuffer(ReadOnlySpan<byte> messages)
    {
        int needed = messages.Length + SendReserve;
        if (needed <= _sendBufferSize)
            return;
        if (_sendBufferSize == 0)
            ReadSendBuffer();
        if (needed <= _sendBufferSize)
            return;

        // The kernel doubles what it is asked for.
        if (!SetOption(Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, needed, required: false))
            SetOption(Libc.SOL_SOCKET, Libc.SO_SNDBUF, needed, required: false);
        ReadSendBuffer();
        if (needed > _sendBufferSize)
        {
            throw new NetlinkException(
                NameOf(messages),
                LinuxErrno.EMSGSIZE,
                $"a transaction of {messages.Length} bytes is one message, and the send buffer has {_sendBufferSize}; raise net.core.wmem_max");
        }
    }

    private void ReadSendBuffer()
    {
        int size;
        uint length = sizeof(int);
        ThrowIfFailed(Libc.getsockopt(_handle, Libc.SOL_SOCKET, Libc.SO_SNDBUF, &size, &length), "read the size of a netlink send buffer");
        _sendBufferSize = size;
    }
}
