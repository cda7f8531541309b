using System.Collections.Immutable;
using Flannel.Netlink.Netfilter.Rules;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>Where the parts of a set's key stand in packets, as nft notes it for itself (<c>typeof</c>).</summary>
internal static class SetFields
{
    // nft's numbers: of expressions, of headers that it knows, of fields in these.
    private const uint Payload = 7;
    private const uint Concatenation = 13;
    private const uint IPv4 = 12;
    private const uint IPv6 = 13;
    private const uint Unknown = 0;

    private static readonly Dictionary<NftField, (uint Header, uint Field)> Known = new()
    {
        [NftField.IPv4Source] = (IPv4, 11),
        [NftField.IPv4Destination] = (IPv4, 12),
        [NftField.IPv6Source] = (IPv6, 8),
        [NftField.IPv6Destination] = (IPv6, 9),
    };

    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">One of them is no plain bytes of a packet.</exception>
    internal static int Write(Span<byte> buffer, ImmutableArray<NftField> fields)
    {
        if (fields.Length == 1)
            return Write(buffer, fields[0]);
        Span<byte> parts = BeginData(buffer, Concatenation);
        int length = 0;
        for (int i = 0; i < fields.Length; i++)
            length += Userdata.WriteHeader(parts[length..], (byte)i, Write(parts[(length + Userdata.HeaderLength)..], fields[i]));
        return EndData(buffer, length);
    }

    private static int Write(Span<byte> buffer, NftField field)
    {
        Span<byte> data = BeginData(buffer, Payload);
        (uint header, uint number) = Known.GetValueOrDefault(field, (Unknown, Unknown));
        int length = Userdata.WriteUInt32(data, NFTNL_UDATA_SET_KEY_PAYLOAD_DESC, header);
        length += Userdata.WriteUInt32(data[length..], NFTNL_UDATA_SET_KEY_PAYLOAD_TYPE, number);
        if (header == Unknown)
        {
            NftPayload bytes = field.WholePayload ?? throw new ArgumentException("Fields of keys are bytes of a packet.", nameof(field));
            length += Userdata.WriteUInt32(data[length..], NFTNL_UDATA_SET_KEY_PAYLOAD_BASE, (uint)bytes.Header + 1); // 0 is none
            length += Userdata.WriteUInt32(data[length..], NFTNL_UDATA_SET_KEY_PAYLOAD_OFFSET, (uint)bytes.Offset * 8);
            length += Userdata.WriteUInt32(data[length..], NFTNL_UDATA_SET_KEY_PAYLOAD_LEN, (uint)bytes.Length * 8);
        }

        return EndData(buffer, length);
    }

    private static Span<byte> BeginData(Span<byte> buffer, uint expression) =>
        buffer[(Userdata.WriteUInt32(buffer, NFTNL_UDATA_SET_TYPEOF_EXPR, expression) + Userdata.HeaderLength)..];

    private static int EndData(Span<byte> buffer, int length) =>
        Userdata.UInt32Length + Userdata.WriteHeader(buffer[Userdata.UInt32Length..], NFTNL_UDATA_SET_TYPEOF_DATA, length);
}
