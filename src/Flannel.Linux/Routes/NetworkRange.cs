using System.Net;

namespace Flannel.Linux.Routes;

/// <summary>Ranges of addresses from one of their addresses, which <see cref="IPNetwork"/> refuses to make.</summary>
internal static class NetworkRange
{
    /// <summary>The range of this length that an address lies in.</summary>
    public static IPNetwork Around(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }
}
