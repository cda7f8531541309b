using Flannel.Backends.Udp.Packets;

namespace Flannel.Backends.Udp.Tests.Packets;

/// <summary>What an enemy sends: noise, noise behind a plausible first byte, and good packets cut short or with lying fields.</summary>
internal static class HostileBytes
{
    private static readonly byte[] Lies = [0, 1, 4, 5, 6, 8, 17, 19, 20, 40, 58, 64, 127, 128, 255];

    public static byte[] Next(Random random) => random.Next(4) switch
    {
        0 => Noise(random),
        1 => [(byte)(random.Next(2) == 0 ? 0x40 | random.Next(16) : 0x60), .. Noise(random)],
        _ => Damaged(random),
    };

    private static byte[] Noise(Random random)
    {
        byte[] bytes = new byte[random.Next(120)];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Damaged(Random random)
    {
        byte[] bytes = new PacketImage
        {
            IsIPv6 = random.Next(2) == 0,
            Protocol = random.Next(5) switch { 0 or 1 => IpProtocol.Udp, 2 => IpProtocol.IcmpV6, _ => IpProtocol.Tcp },
            HasExtensionHeader = random.Next(3) == 0,
            IpOptions = new byte[random.Next(11) * 4 * random.Next(2)],
            TcpOptions = new byte[random.Next(11) * 4 * random.Next(2)],
            Payload = new byte[random.Next(100)],
        }.ToBytes();
        for (int count = random.Next(4); count > 0; count--)
            bytes[LiePosition(bytes, random)] = Lies[random.Next(Lies.Length)];
        return random.Next(2) == 0 ? bytes : bytes[..random.Next(bytes.Length)];
    }

    /// <summary>Anywhere in the headers, but gladly where lengths are: of IP, of UDP, and TCP's data offset.</summary>
    private static int LiePosition(byte[] bytes, Random random)
    {
        int ip = bytes[0] >> 4 == 6 ? 40 : (bytes[0] & 15) * 4;
        int position = random.Next(8) switch
        {
            0 => 0,
            1 => random.Next(2, 6),
            2 => ip + random.Next(4, 6),
            3 => ip + 12,
            _ => random.Next(64),
        };
        return Math.Min(position, bytes.Length - 1);
    }
}
