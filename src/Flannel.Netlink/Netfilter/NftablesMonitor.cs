using System.Runtime.Versioning;
using System.Threading.Channels;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter;

/// <summary>
/// Tells that tables, chains, rules, sets, their elements or named counters of nf_tables changed in one network namespace, the one of the thread that
/// opened it. The kernel keeps notifications from <see cref="Open"/> on, so a consumer that opens a monitor, reads the rules and then waits misses
/// nothing.
/// </summary>
/// <remarks>
/// It says that something changed and not what: whoever is told reads the rules again, so a thousand changes are told once and lost ones are told
/// as one more. From the first <see cref="WaitAsync"/> on, a separate thread reads the socket; <see cref="Open"/> starts none, because a
/// thread is born into the namespace of its creator. Legacy iptables does not go through nf_tables and is not heard.
/// </remarks>
[SupportedOSPlatform("linux")]
public sealed class NftablesMonitor : IDisposable
{
    private readonly NetlinkSocket _socket;
    private readonly CancellablePoll _poll;
    private readonly Func<NftablesChange, bool> _filter;
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(1); // a second signal before the first is taken says nothing new
    private readonly Thread _thread;
    private readonly Lock _lifetime = new();
    private bool _isListening; // under _lifetime
    private bool _isDisposed; // under _lifetime

    private NftablesMonitor(NetlinkSocket socket, CancellablePoll poll, Func<NftablesChange, bool> filter)
    {
        (_socket, _poll, _filter) = (socket, poll, filter);
        _thread = new Thread(Listen, maxStackSize: 256 * 1024) { IsBackground = true, Name = "nftables monitor" };
    }

    /// <summary>Starts to listen in the calling thread's network namespace.</summary>
    /// <param name="filter">Which changes to tell of; runs on the monitor's thread and must not throw. <see langword="null"/> for all.</param>
    /// <param name="ignoredPortId">
    /// The <see cref="NftablesNetlink.PortId"/> of a client whose changes are not told, for a program that knows what it writes: the kernel keeps
    /// them back, so that they wake nobody here. Not zero; <see langword="null"/> for everybody's changes.
    /// </param>
    /// <returns>The monitor.</returns>
    /// <exception cref="NetlinkException">The kernel refused: it has no nf_tables, or CAP_NET_ADMIN is missing.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="ignoredPortId"/> is zero.</exception>
    public static NftablesMonitor Open(Func<NftablesChange, bool>? filter = null, uint? ignoredPortId = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(ignoredPortId ?? uint.MaxValue, nameof(ignoredPortId));
        var socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter, new NetlinkSocketOptions { Groups = [NFNLGRP_NFTABLES] });
        try
        {
            if (ignoredPortId is { } portId)
                socket.Ignore(portId);
            return new NftablesMonitor(socket, new CancellablePoll(), filter ?? (static _ => true));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Waits until something changed since <see cref="Open"/> or since the last call.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="ChannelClosedException">The monitor was disposed, or its socket failed, which is then the inner exception.</exception>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        StartListening();
        await _signal.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops listening, ends a wait and waits for the thread to end.</summary>
    public void Dispose()
    {
        lock (_lifetime)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
        }

        _poll.Cancel();
        if (_isListening)
            _thread.Join();
        _signal.Writer.TryComplete();
        _socket.Dispose();
        _poll.Dispose();
    }

    private void StartListening()
    {
        lock (_lifetime)
        {
            if (_isListening || _isDisposed)
                return;
            _thread.Start();
            _isListening = true;
        }
    }

    private void Listen()
    {
        try
        {
            while (_poll.Wait(_socket.Handle))
                ReceiveOne();
        }
        catch (NetlinkException e)
        {
            _signal.Writer.TryComplete(e); // handed to the consumer, whose wait throws it
        }
    }

    private void ReceiveOne()
    {
        int errno = _socket.TryReceive(Libc.MSG_DONTWAIT, out ReadOnlySpan<byte> datagram);
        bool isTold = errno switch
        {
            0 => Concerns(datagram),
            LinuxErrno.EAGAIN => false,
            LinuxErrno.ENOBUFS or LinuxErrno.EMSGSIZE => true, // notifications were lost
            _ => throw new NetlinkException("receive nf_tables notifications", errno),
        };
        if (isTold)
            _signal.Writer.TryWrite(true);
    }

    private bool Concerns(ReadOnlySpan<byte> datagram)
    {
        try
        {
            var messages = new NetlinkMessageReader(datagram);
            while (messages.MoveNext())
            {
                if (Read(messages.Current) is { } change && _filter(change))
                    return true;
            }

            messages.EnsureValid();
            return false;
        }
        catch (NetlinkException)
        {
            return true; // something changed that cannot be read
        }
    }

    /// <returns>Null for what is none of these.</returns>
    private static NftablesChange? Read(NetlinkMessage message)
    {
        if (message.Type >> 8 != NFNL_SUBSYS_NFTABLES)
            return null;
        return (message.Type & 0xff) switch
        {
            NFT_MSG_NEWTABLE or NFT_MSG_DELTABLE => ReadNames(message, NFTA_TABLE_NAME, chainAttribute: null),
            NFT_MSG_NEWCHAIN or NFT_MSG_DELCHAIN => ReadNames(message, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME),
            NFT_MSG_NEWRULE or NFT_MSG_DELRULE => ReadNames(message, NFTA_RULE_TABLE, NFTA_RULE_CHAIN),
            NFT_MSG_NEWSET or NFT_MSG_DELSET => ReadNames(message, NFTA_SET_TABLE, chainAttribute: null),
            NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM => ReadNames(message, NFTA_SET_ELEM_LIST_TABLE, chainAttribute: null),
            NFT_MSG_NEWOBJ or NFT_MSG_DELOBJ => ReadNames(message, NFTA_OBJ_TABLE, chainAttribute: null),
            _ => null,
        };
    }

    private static NftablesChange ReadNames(NetlinkMessage message, ushort tableAttribute, ushort? chainAttribute)
    {
        string table = "";
        string? chain = null;
        message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        while (attributes.MoveNext())
        {
            if (attributes.Type == tableAttribute)
                table = attributes.ReadString();
            else if (attributes.Type == chainAttribute)
                chain = attributes.ReadString();
        }

        attributes.EnsureValid();
        return new NftablesChange(table, chain);
    }
}
