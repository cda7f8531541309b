using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Flannel.Containers.Addresses;

/// <summary>
/// The addresses of a subnet that containers may have: all but the network's own, the gateway's and, of IPv4, the broadcast address.
/// </summary>
internal readonly struct AddressRange
{
    private readonly bool _isIPv4;
    private readonly UInt128 _first;
    private readonly UInt128 _last;

    public AddressRange(IPNetwork subnet)
    {
        Subnet = subnet;
        _isIPv4 = subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        int hostBits = (_isIPv4 ? 32 : 128) - subnet.PrefixLength;
        UInt128 start = ToNumber(subnet.BaseAddress);
        UInt128 end = start + (hostBits >= 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1);
        Gateway = ToAddress(start + 1);
        Broadcast = _isIPv4 ? ToAddress(end) : null;
        (_first, _last) = (start + 2, _isIPv4 ? end - 1 : end);
    }

    public IPNetwork Subnet { get; }

    public IPAddress Gateway { get; }

    public IPAddress? Broadcast { get; }

    public bool Contains(IPAddress address) =>
        address.AddressFamily == Subnet.BaseAddress.AddressFamily && ToNumber(address) is var number && number >= _first && number <= _last;

    /// <summary>Every address once, beginning behind the one that was given out last.</summary>
    public IEnumerable<IPAddress> From(IPAddress? last)
    {
        if (_last < _first) yield break;
        UInt128 begin = last is not null && Contains(last) && ToNumber(last) < _last ? ToNumber(last) + 1 : _first;
        UInt128 number = begin;
        do
        {
            yield return ToAddress(number);
            number = number == _last ? _first : number + 1;
        }
        while (number != begin);
    }

    private UInt128 ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private IPAddress ToAddress(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(_isIPv4 ? bytes[12..] : bytes);
    }
}
