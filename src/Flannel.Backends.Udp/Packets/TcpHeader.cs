namespace Flannel.Backends.Udp.Packets;

/// <summary>The lengths of a TCP header (RFC 9293 §3.1).</summary>
internal static unsafe class TcpHeader
{
    public const int MinimumLength = 20;

    /// <summary>What the data offset says, 0 to 60 bytes. The caller compares it with what is there.</summary>
    public static int LengthOf(byte* header) => (header[12] >> 4) * 4;
}
