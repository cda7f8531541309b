using System.Buffers.Binary;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter;

/// <summary>What all messages of nf_tables begin with, and the two that enclose a transaction.</summary>
internal static class NftMessage
{
    internal static NetlinkMessageWriter Begin(Span<byte> buffer, ushort message, ushort flags, NftFamily family)
    {
        var writer = new NetlinkMessageWriter(buffer, MessageType(message), flags);
        writer.Write(new nfgenmsg { nfgen_family = (byte)family });
        return writer;
    }

    /// <param name="buffer">Where to.</param>
    /// <param name="message"><c>NFNL_MSG_BATCH_BEGIN</c> or <c>NFNL_MSG_BATCH_END</c>.</param>
    /// <param name="generation">
    /// The kernel carries the transaction out only if its rules are of this generation; <see langword="null"/> for any.
    /// </param>
    internal static int WriteBoundary(Span<byte> buffer, ushort message, uint? generation = null)
    {
        var writer = new NetlinkMessageWriter(buffer, message, 0);
        ushort subsystem = NFNL_SUBSYS_NFTABLES;
        writer.Write(new nfgenmsg { res_id = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(subsystem) : subsystem });
        if (generation is { } id)
            writer.WriteUInt32BigEndian(NFNL_BATCH_GENID, id);
        return writer.Complete();
    }

    internal static int WriteGetGeneration(Span<byte> buffer) => Begin(buffer, NFT_MSG_GETGEN, 0, NftFamily.Unspecified).Complete();

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryReadGeneration(NetlinkMessage message, out uint generation)
    {
        generation = 0;
        message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        while (attributes.MoveNext())
        {
            if (attributes.Type == NFTA_GEN_ID)
                generation = attributes.ReadUInt32BigEndian();
        }

        attributes.EnsureValid();
        return message.Type == MessageType(NFT_MSG_NEWGEN);
    }

    /// <summary>Writes an attribute of userdata with a comment alone, if there is one.</summary>
    internal static void WriteComment(ref NetlinkMessageWriter writer, ushort type, string? comment)
    {
        if (comment is null)
            return;
        Span<byte> userdata = stackalloc byte[Userdata.MaximumLength];
        writer.WriteBytes(type, userdata[..Userdata.WriteComment(userdata, NFTNL_UDATA_COMMENT, comment)]);
    }

    internal static void WriteValue(ref NetlinkMessageWriter writer, ushort type, NftValue value)
    {
        NestedStart data = writer.BeginNested((ushort)(type | LinuxNetlink.NLA_F_NESTED));
        writer.WriteBytes(NFTA_DATA_VALUE, value.Bytes);
        writer.EndNested(data);
    }

    /// <exception cref="NetlinkException">It holds no value, or one that is too long.</exception>
    internal static NftValue ReadValue(NetlinkAttributeReader data)
    {
        NftValue? value = null;
        while (data.MoveNext())
        {
            if (data.Type == NFTA_DATA_VALUE && data.Value.Length <= NftValue.MaximumLength)
                value = new NftValue(data.Value);
        }

        data.EnsureValid();
        return value ?? throw NetlinkException.Malformed("nf_tables data", "it holds no value of at most 64 bytes");
    }
}
