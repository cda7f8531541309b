using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;

namespace Flannel.Netlink.Messages;

/// <summary>
/// Walks the messages of one datagram. Safe on any input: every length is checked against what is left, and the walk always ends. A message
/// that claims an impossible length ends the walk, and <see cref="EnsureValid"/> then throws.
/// </summary>
public ref struct NetlinkMessageReader
{
    private ReadOnlySpan<byte> _rest;
    private string? _error;

    /// <summary>Starts at the beginning of <paramref name="datagram"/>.</summary>
    /// <param name="datagram">What one receive call returned.</param>
    public NetlinkMessageReader(ReadOnlySpan<byte> datagram) => _rest = datagram;

    /// <summary>The message the last successful <see cref="MoveNext"/> stopped at.</summary>
    public NetlinkMessage Current { get; private set; }

    /// <summary>Steps to the next message.</summary>
    /// <returns>False at the end of the datagram or at the first malformed message.</returns>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
            return false;
        if (_rest.Length < LinuxNetlink.NLMSG_HDRLEN)
            return Fail($"{_rest.Length} trailing bytes are too few for a header");
        var header = MemoryMarshal.Read<nlmsghdr>(_rest);
        if (header.nlmsg_len < LinuxNetlink.NLMSG_HDRLEN || header.nlmsg_len > (uint)_rest.Length)
            return Fail($"a message of type {header.nlmsg_type} claims {header.nlmsg_len} bytes where {_rest.Length} are left");
        int length = (int)header.nlmsg_len;
        Current = new NetlinkMessage(header, _rest[LinuxNetlink.NLMSG_HDRLEN..length]);
        _rest = _rest[Math.Min(LinuxNetlink.NLMSG_ALIGN(length), _rest.Length)..];
        return true;
    }

    /// <summary>Throws if the walk ended at a malformed message instead of the end of the datagram.</summary>
    /// <exception cref="NetlinkException">The datagram is malformed (<c>EBADMSG</c>).</exception>
    public readonly void EnsureValid()
    {
        if (_error is not null)
            throw NetlinkException.Malformed("netlink datagram", _error);
    }

    private bool Fail(string error)
    {
        _error = error;
        _rest = default;
        return false;
    }
}
