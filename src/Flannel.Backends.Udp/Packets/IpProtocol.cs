namespace Flannel.Backends.Udp.Packets;

/// <summary>IANA's protocol numbers, as far as the data path looks at them.</summary>
internal static class IpProtocol
{
    public const byte HopByHopOptions = 0;
    public const byte Icmp = 1;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte Routing = 43;
    public const byte Fragment = 44;
    public const byte Authentication = 51;
    public const byte IcmpV6 = 58;
    public const byte DestinationOptions = 60;
}
