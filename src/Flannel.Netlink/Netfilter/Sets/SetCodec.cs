using System.Collections.Immutable;
using System.Numerics;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Sets;

/// <summary>Sets and maps as bytes, without their elements. Every writer returns the length of the message.</summary>
internal static class SetCodec
{
    private const int BitsPerType = 6; // of a concatenation's types in one number
    private const int TypeMask = (1 << BitsPerType) - 1;
    private const int VerdictLength = 0; // which the kernel knows itself

    // As nft tells itself how to list a value.
    private const uint UnknownByteOrder = 0;
    private const uint HostByteOrder = 1;
    private const uint NetworkByteOrder = 2;

    /// <param name="buffer">Where to.</param>
    /// <param name="set">The set.</param>
    /// <param name="id">Identifies it within a transaction.</param>
    internal static int WriteNew(Span<byte> buffer, NftSet set, uint id)
    {
        int keyLength = KeyLength(set);
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_NEWSET, NLM_F_CREATE, set.Family);
        writer.WriteString(NFTA_SET_TABLE, set.Table);
        writer.WriteString(NFTA_SET_NAME, set.Name);
        writer.WriteUInt32BigEndian(NFTA_SET_FLAGS, FlagsOf(set));
        writer.WriteUInt32BigEndian(NFTA_SET_KEY_TYPE, Join(set.Key));
        writer.WriteUInt32BigEndian(NFTA_SET_KEY_LEN, (uint)keyLength);
        if (set.IsMap)
        {
            writer.WriteUInt32BigEndian(NFTA_SET_DATA_TYPE, set.Value is [NftDataType.Verdict] ? NFT_DATA_VERDICT : Join(set.Value));
            writer.WriteUInt32BigEndian(NFTA_SET_DATA_LEN, (uint)LengthOf(set.Value));
        }

        WriteDescription(ref writer, set);
        writer.WriteUInt32BigEndian(NFTA_SET_ID, id);
        Span<byte> userdata = stackalloc byte[Userdata.MaximumLength];
        writer.WriteBytes(NFTA_SET_USERDATA, userdata[..WriteUserdata(userdata, set)]);
        return writer.Complete();
    }

    internal static int WriteDelete(Span<byte> buffer, NftFamily family, string table, string name)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_DELSET, 0, family);
        writer.WriteString(NFTA_SET_TABLE, table);
        writer.WriteString(NFTA_SET_NAME, name);
        return writer.Complete();
    }

    internal static int WriteDumpRequest(Span<byte> buffer, NftFamily family, string table)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_GETSET, 0, family);
        writer.WriteString(NFTA_SET_TABLE, table);
        return writer.Complete();
    }

    /// <returns>False for sets without a name, which belong to rules.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out NftSet set)
    {
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        string table = "", name = "";
        string? comment = null;
        int? size = null;
        uint flags = 0, key = 0, value = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_SET_TABLE: table = attributes.ReadString(); break;
                case NFTA_SET_NAME: name = attributes.ReadString(); break;
                case NFTA_SET_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                case NFTA_SET_KEY_TYPE: key = attributes.ReadUInt32BigEndian(); break;
                case NFTA_SET_DATA_TYPE: value = attributes.ReadUInt32BigEndian(); break;
                case NFTA_SET_DESC: size = ReadSize(attributes); break;
                case NFTA_SET_USERDATA: comment = Userdata.ReadComment(attributes.Value, NFTNL_UDATA_SET_COMMENT); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        set = new NftSet((NftFamily)header.nfgen_family, table, name)
        {
            Key = Split(key),
            IsInterval = (flags & NFT_SET_INTERVAL) != 0,
            Value = (flags & NFT_SET_MAP) == 0 ? [] : value == NFT_DATA_VERDICT ? [NftDataType.Verdict] : Split(value),
            Size = size,
            Comment = comment,
        };
        return (flags & NFT_SET_ANONYMOUS) == 0;
    }

    /// <summary>Length of a key, each part of a concatenation padded.</summary>
    internal static int KeyLength(NftSet set)
    {
        if (set.Key.IsDefaultOrEmpty)
            throw new ArgumentException($"The set {set.Name} says no type of its keys.", nameof(set));
        if (!set.KeyFields.IsDefaultOrEmpty && set.KeyFields.Length != set.Key.Length)
            throw new ArgumentException($"The set {set.Name} says {set.KeyFields.Length} fields of {set.Key.Length} parts of its keys.", nameof(set));
        return set.IsConcatenation ? Enumerable.Range(0, set.Key.Length).Sum(i => NftValue.Align(PartLength(set, i))) : PartLength(set, 0);
    }

    private static uint FlagsOf(NftSet set) =>
        (set.IsInterval ? NFT_SET_INTERVAL : 0)
        | (set.IsInterval && set.IsConcatenation ? NFT_SET_CONCAT : 0)
        | (set.IsMap ? NFT_SET_MAP : 0);

    private static int? ReadSize(NetlinkAttributeReader description)
    {
        NetlinkAttributeReader attributes = description.ReadNested();
        int? size = null;
        while (attributes.MoveNext())
        {
            if (attributes.Type == NFTA_SET_DESC_SIZE)
                size = (int)attributes.ReadUInt32BigEndian();
        }

        attributes.EnsureValid();
        return size;
    }

    private static void WriteDescription(ref NetlinkMessageWriter writer, NftSet set)
    {
        bool hasFields = set.IsInterval && set.IsConcatenation;
        if (set.Size is null && !hasFields)
            return;
        NestedStart description = writer.BeginNested(NFTA_SET_DESC | NLA_F_NESTED);
        if (set.Size is { } size)
            writer.WriteUInt32BigEndian(NFTA_SET_DESC_SIZE, (uint)size);
        if (hasFields)
            WriteFields(ref writer, set);
        writer.EndNested(description);
    }

    private static void WriteFields(ref NetlinkMessageWriter writer, NftSet set)
    {
        NestedStart fields = writer.BeginNested(NFTA_SET_DESC_CONCAT | NLA_F_NESTED);
        for (int i = 0; i < set.Key.Length; i++)
        {
            NestedStart field = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
            writer.WriteUInt32BigEndian(NFTA_SET_FIELD_LEN, (uint)PartLength(set, i));
            writer.EndNested(field);
        }

        writer.EndNested(fields);
    }

    private static int WriteUserdata(Span<byte> userdata, NftSet set)
    {
        int length = Userdata.WriteUInt32(userdata, NFTNL_UDATA_SET_KEYBYTEORDER, set.IsConcatenation ? UnknownByteOrder : ByteOrderOf(set.Key[0]));
        if (set.IsMap)
        {
            length += Userdata.WriteUInt32(
                userdata[length..], NFTNL_UDATA_SET_DATABYTEORDER, set.Value.Length > 1 ? UnknownByteOrder : ByteOrderOf(set.Value[0]));
        }

        if (!set.KeyFields.IsDefaultOrEmpty)
        {
            length += Userdata.WriteHeader(
                userdata[length..], NFTNL_UDATA_SET_KEY_TYPEOF, SetFields.Write(userdata[(length + Userdata.HeaderLength)..], set.KeyFields));
        }

        if (set.Comment is not null)
            length += Userdata.WriteComment(userdata[length..], NFTNL_UDATA_SET_COMMENT, set.Comment);
        return length;
    }

    private static uint Join(ImmutableArray<NftDataType> types) => types.Aggregate(0u, static (number, type) => (number << BitsPerType) | (uint)type);

    private static int PartLength(NftSet set, int part) =>
        set.Key[part] == NftDataType.Bytes && !set.KeyFields.IsDefaultOrEmpty ? set.KeyFields[part].Length : LengthOf(set.Key[part]);

    /// <summary>Length of a value, each part of a concatenation padded.</summary>
    private static int LengthOf(ImmutableArray<NftDataType> types) =>
        types.Length > 1 ? types.Sum(static type => NftValue.Align(LengthOf(type))) : LengthOf(types[0]);

    private static ImmutableArray<NftDataType> Split(uint types)
    {
        int count = Math.Max(1, (32 - BitOperations.LeadingZeroCount(types) + BitsPerType - 1) / BitsPerType);
        return [.. Enumerable.Range(1, count).Select(i => (NftDataType)((types >> ((count - i) * BitsPerType)) & TypeMask))];
    }

    private static uint ByteOrderOf(NftDataType type) => type switch
    {
        NftDataType.Mark or NftDataType.InterfaceIndex or NftDataType.InterfaceName => HostByteOrder,
        NftDataType.TransportProtocol or NftDataType.Verdict => UnknownByteOrder,
        _ => NetworkByteOrder,
    };

    private static int LengthOf(NftDataType type) => type switch
    {
        NftDataType.Verdict => VerdictLength,
        NftDataType.TransportProtocol => 1,
        NftDataType.EtherType or NftDataType.Port => 2,
        NftDataType.IPv4Address or NftDataType.Mark or NftDataType.InterfaceIndex => 4,
        NftDataType.EthernetAddress => 6,
        NftDataType.IPv6Address or NftDataType.InterfaceName => 16,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "Sets with this type can be read but not added."),
    };
}
