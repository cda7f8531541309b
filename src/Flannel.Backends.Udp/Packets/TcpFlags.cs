namespace Flannel.Backends.Udp.Packets;

/// <summary>The flag bits in byte 13 of a TCP header (RFC 9293 §3.1).</summary>
internal static class TcpFlags
{
    public const byte Fin = 0x01;
    public const byte Push = 0x08;
    public const byte Ack = 0x10;
    public const byte EcnEcho = 0x40;
    public const byte CongestionWindowReduced = 0x80;
}
