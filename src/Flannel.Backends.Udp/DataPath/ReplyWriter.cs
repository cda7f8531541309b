using System.Buffers.Binary;
using Flannel.Backends.Udp.Icmp;
using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>Writes ICMP answers of either family, and not more of them than the kernel itself would. For one thread.</summary>
internal sealed unsafe class ReplyWriter : IDisposable
{
    /// <summary>As <c>icmp_msgs_per_sec</c> and <c>icmp_msgs_burst</c> limit the kernel.</summary>
    private const int PerSecond = 1000;
    private const int Burst = 50;

    private readonly uint _address;
    private readonly UInt128 _address6;
    private readonly DataPathSettings _settings;
    private readonly TimeProvider _time;
    private readonly NativeBuffer _memory = new(IcmpV6Reply.MaximumLength);
    private long _lastRefill;
    private long _tokens = Burst;

    /// <summary>Prepares for the addresses of the TUN device.</summary>
    public ReplyWriter(DataPathSettings settings, TimeProvider time)
    {
        (_settings, _time, _lastRefill) = (settings, time, time.GetTimestamp());
        if (settings.Address is not null) _address = BinaryPrimitives.ReadUInt32BigEndian(settings.Address.GetAddressBytes());
        if (settings.AddressIPv6 is not null) _address6 = BinaryPrimitives.ReadUInt128BigEndian(settings.AddressIPv6.GetAddressBytes());
    }

    /// <summary>The answer written last.</summary>
    public byte* Start => _memory.Start;

    /// <summary>Writes the answer to a packet that goes no further.</summary>
    /// <param name="reason">Why.</param>
    /// <param name="offender">The packet, as it came.</param>
    /// <returns>The answer's length; 0 if there is none.</returns>
    public int Write(PacketDrop reason, in IpPacket offender)
    {
        if (!HasAddress(offender) || !TakeToken()) return 0;
        return (reason, offender.IsIPv6) switch
        {
            (PacketDrop.NoRoute, false) => IcmpReply.NoRoute(offender, _address, Start),
            (PacketDrop.NoRoute, true) => IcmpV6Reply.NoRoute(offender, _address6, Start),
            (PacketDrop.HopLimitExceeded, false) => IcmpReply.TimeExceeded(offender, _address, Start),
            (PacketDrop.HopLimitExceeded, true) => IcmpV6Reply.HopLimitExceeded(offender, _address6, Start),
            (PacketDrop.Oversized, false) when offender.MayNotBeFragmented => IcmpReply.FragmentationNeeded(offender, _address, _settings.Mtu, Start),
            (PacketDrop.Oversized, true) => IcmpV6Reply.PacketTooBig(offender, _address6, _settings.Mtu, Start),
            _ => 0,
        };
    }

    public void Dispose() => _memory.Dispose();

    private bool HasAddress(in IpPacket offender) => offender.IsIPv6 ? _address6 != 0 : _address != 0;

    private bool TakeToken()
    {
        long now = _time.GetTimestamp();
        long earned = (now - _lastRefill) * PerSecond / _time.TimestampFrequency;
        if (earned > 0)
        {
            _tokens = Math.Min(Burst, _tokens + earned);
            _lastRefill = now;
        }

        if (_tokens == 0) return false;
        _tokens--;
        return true;
    }
}
