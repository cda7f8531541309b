using System.Runtime.InteropServices;
using System.Text;

namespace Flannel.Netlink.Netfilter;

/// <summary>Comments and types as nft keeps them beside an object. The kernel stores these bytes without looking at them.</summary>
internal static class Userdata
{
    /// <summary>NFT_USERDATA_MAXLEN: more the kernel refuses.</summary>
    internal const int MaximumLength = 256;

    internal const int HeaderLength = 2; // type and length, a byte each
    internal const int UInt32Length = HeaderLength + sizeof(uint);

    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">The comment is too long.</exception>
    internal static int WriteComment(Span<byte> buffer, byte type, string comment)
    {
        int count = Encoding.UTF8.GetByteCount(comment) + 1;
        if (HeaderLength + count > Math.Min(buffer.Length, MaximumLength))
        {
            throw new ArgumentException(
                $"A comment in nf_tables has at most {MaximumLength - HeaderLength - 1} bytes, unlike '{comment}'.", nameof(comment));
        }

        (buffer[0], buffer[1], buffer[HeaderLength + count - 1]) = (type, (byte)count, 0);
        Encoding.UTF8.GetBytes(comment, buffer[HeaderLength..]);
        return HeaderLength + count;
    }

    /// <returns>Bytes written.</returns>
    internal static int WriteUInt32(Span<byte> buffer, byte type, uint value)
    {
        (buffer[0], buffer[1]) = (type, sizeof(uint));
        MemoryMarshal.Write(buffer[HeaderLength..], in value);
        return UInt32Length;
    }

    /// <summary>Writes what stands before a value that is there already.</summary>
    /// <returns>Bytes of both.</returns>
    internal static int WriteHeader(Span<byte> buffer, byte type, int length)
    {
        (buffer[0], buffer[1]) = (type, (byte)length);
        return HeaderLength + length;
    }

    /// <returns>The text of one type; <see langword="null"/> where there is none, or the bytes are another program's.</returns>
    internal static string? ReadComment(ReadOnlySpan<byte> userdata, byte type)
    {
        while (TryTake(ref userdata, out byte found, out ReadOnlySpan<byte> value))
        {
            if (found != type)
                continue;
            int end = value.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? value : value[..end]);
        }

        return null;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> userdata, out byte type, out ReadOnlySpan<byte> value)
    {
        type = 0;
        value = default;
        if (userdata.Length < HeaderLength || userdata.Length < HeaderLength + userdata[1])
            return false;
        type = userdata[0];
        value = userdata.Slice(HeaderLength, userdata[1]);
        userdata = userdata[(HeaderLength + userdata[1])..];
        return true;
    }
}
