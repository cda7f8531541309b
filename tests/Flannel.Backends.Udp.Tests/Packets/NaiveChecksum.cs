namespace Flannel.Backends.Udp.Tests.Packets;

/// <summary>RFC 1071 word by word, as the RFC tells it: what the fast ones are measured against.</summary>
internal static class NaiveChecksum
{
    /// <summary>The one's complement sum in host order.</summary>
    public static ushort Sum(params ReadOnlySpan<byte> bytes)
    {
        int sum = 0;
        for (int index = 0; index < bytes.Length; index += 2)
        {
            sum += (bytes[index] << 8) | (index + 1 < bytes.Length ? bytes[index + 1] : 0);
            sum = (sum & 0xFFFF) + (sum >> 16);
        }

        return (ushort)sum;
    }

    /// <summary>The checksum over a header or message whose own field is zero.</summary>
    public static ushort Of(ReadOnlySpan<byte> bytes) => (ushort)~Sum(bytes);

    /// <summary>The checksum over a TCP, UDP or ICMPv6 message whose own field is zero, and its pseudo-header.</summary>
    public static ushort OfTransport(ReadOnlySpan<byte> addresses, byte protocol, ReadOnlySpan<byte> message) =>
        Of([.. addresses, 0, protocol, (byte)(message.Length >> 8), (byte)message.Length, .. message]);
}
