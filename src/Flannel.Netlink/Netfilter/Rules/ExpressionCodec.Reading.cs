using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using Flannel.Netlink.Netfilter.Tables;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Rules;

/// <content>What the kernel answers. An expression that says more than its type here can is read as <see cref="NftOther"/>.</content>
internal static partial class ExpressionCodec
{
    private delegate NftExpression? Reader(NetlinkAttributeReader attributes);

    /// <exception cref="NetlinkException">An attribute is malformed.</exception>
    internal static NftExpression Read(NetlinkAttributeReader element)
    {
        string name = "";
        NetlinkAttributeReader data = default;
        while (element.MoveNext())
        {
            if (element.Type == NFTA_EXPR_NAME)
                name = element.ReadString();
            else if (element.Type == NFTA_EXPR_DATA)
                data = element.ReadNested();
        }

        element.EnsureValid();
        Reader? reader = name switch
        {
            "payload" => ReadPayload,
            "meta" => ReadMeta,
            "ct" => ReadConntrack,
            "fib" => ReadRouteLookup,
            "bitwise" => ReadBitwise,
            "cmp" => ReadCompare,
            "lookup" => ReadLookup,
            "counter" => static attributes => TableCodec.ReadCounts(attributes) is var (packets, bytes)
                ? new NftCount { Packets = packets, Bytes = bytes }
                : null,
            "objref" => ReadCountIn,
            "limit" => ReadLimit,
            "masq" => ReadMasquerade,
            "nat" => ReadNat,
            "immediate" => ReadImmediate,
            _ => null,
        };
        return reader?.Invoke(data) ?? new NftOther(name);
    }

    /// <exception cref="NetlinkException">An attribute is malformed.</exception>
    internal static NftVerdict? ReadVerdict(NetlinkAttributeReader data)
    {
        NftVerdict? verdict = null;
        while (data.MoveNext())
        {
            if (data.Type != NFTA_DATA_VERDICT)
                continue;
            NetlinkAttributeReader attributes = data.ReadNested();
            uint code = 0;
            string? chain = null;
            while (attributes.MoveNext())
            {
                if (attributes.Type == NFTA_VERDICT_CODE)
                    code = attributes.ReadUInt32BigEndian();
                else if (attributes.Type == NFTA_VERDICT_CHAIN)
                    chain = attributes.ReadString();
            }

            attributes.EnsureValid();
            verdict = new NftVerdict((NftVerdictKind)(int)code, chain);
        }

        data.EnsureValid();
        return verdict;
    }

    private static NftPayload? ReadPayload(NetlinkAttributeReader attributes)
    {
        uint header = 0, offset = 0, length = 0;
        int? slot = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_PAYLOAD_DREG: slot = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_PAYLOAD_BASE: header = attributes.ReadUInt32BigEndian(); break;
                case NFTA_PAYLOAD_OFFSET: offset = attributes.ReadUInt32BigEndian(); break;
                case NFTA_PAYLOAD_LEN: length = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return slot is { } into ? new NftPayload((NftHeader)header, (int)offset, (int)length, into) : null; // without: writes into the packet
    }

    private static NftExpression? ReadMeta(NetlinkAttributeReader attributes) =>
        ReadKey(attributes, NFTA_META_KEY, NFTA_META_DREG) is var (key, slot) ? new NftMeta((NftMetaKey)key, slot)
        : ReadKey(attributes, NFTA_META_KEY, NFTA_META_SREG) is var (changed, from) ? new NftSetMeta((NftMetaKey)changed, from)
        : null;

    private static NftConntrack? ReadConntrack(NetlinkAttributeReader attributes) =>
        ReadKey(attributes, NFTA_CT_KEY, NFTA_CT_DREG) is var (key, slot) ? new NftConntrack((NftConntrackKey)key, slot) : null;

    /// <returns>Null for what has no such slot, or says more.</returns>
    private static (uint Key, int Slot)? ReadKey(NetlinkAttributeReader attributes, ushort keyAttribute, ushort slotAttribute)
    {
        uint key = 0;
        int? slot = null;
        bool isMore = false;
        while (attributes.MoveNext())
        {
            if (attributes.Type == keyAttribute)
                key = attributes.ReadUInt32BigEndian();
            else if (attributes.Type == slotAttribute)
                slot = ToSlot(attributes.ReadUInt32BigEndian());
            else
                isMore = true;
        }

        attributes.EnsureValid();
        return slot is { } into && !isMore ? (key, into) : null;
    }

    private static NftExpression? ReadRouteLookup(NetlinkAttributeReader attributes)
    {
        uint flags = 0, result = 0;
        int? slot = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_FIB_DREG: slot = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_FIB_RESULT: result = attributes.ReadUInt32BigEndian(); break;
                case NFTA_FIB_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return (slot, result) switch
        {
            ({ } into, NFT_FIB_RESULT_ADDRTYPE) => new NftAddressType((NftAddressTypeFlags)flags, into),
            ({ } into, NFT_FIB_RESULT_OIF) => new NftRouteInterface((NftAddressTypeFlags)flags, into),
            _ => null,
        };
    }

    private static NftBitwise? ReadBitwise(NetlinkAttributeReader attributes)
    {
        int? from = null, to = null;
        NftValue? mask = null, xor = null;
        uint operation = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_BITWISE_SREG: from = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_BITWISE_DREG: to = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_BITWISE_MASK: mask = NftMessage.ReadValue(attributes.ReadNested()); break;
                case NFTA_BITWISE_XOR: xor = NftMessage.ReadValue(attributes.ReadNested()); break;
                case NFTA_BITWISE_OP: operation = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return operation == 0 && from == to && from is { } slot && mask is { } and && xor is { } or ? new NftBitwise(and, or, slot) : null;
    }

    private static NftCompare? ReadCompare(NetlinkAttributeReader attributes)
    {
        int? slot = null;
        uint operation = 0;
        NftValue? value = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_CMP_SREG: slot = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_CMP_OP: operation = attributes.ReadUInt32BigEndian(); break;
                case NFTA_CMP_DATA: value = NftMessage.ReadValue(attributes.ReadNested()); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return slot is { } from && value is { } with ? new NftCompare((NftCompareOperator)operation, with, from) : null;
    }

    private static NftLookup? ReadLookup(NetlinkAttributeReader attributes)
    {
        string set = "";
        int? slot = null, valueSlot = null;
        bool isVerdictMap = false;
        uint flags = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_LOOKUP_SET: set = attributes.ReadString(); break;
                case NFTA_LOOKUP_SREG: slot = ToSlot(attributes.ReadUInt32BigEndian()); break;
                case NFTA_LOOKUP_DREG:
                    valueSlot = ToSlot(attributes.ReadUInt32BigEndian());
                    isVerdictMap = valueSlot is null;
                    break;
                case NFTA_LOOKUP_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return slot is { } from
            ? new NftLookup(set, (flags & NFT_LOOKUP_F_INV) != 0, from) { ValueSlot = valueSlot, IsVerdictMap = isVerdictMap }
            : null;
    }

    private static NftCountIn? ReadCountIn(NetlinkAttributeReader attributes)
    {
        string? name = null;
        uint type = 0;
        while (attributes.MoveNext())
        {
            if (attributes.Type == NFTA_OBJREF_IMM_NAME)
                name = attributes.ReadString();
            else if (attributes.Type == NFTA_OBJREF_IMM_TYPE)
                type = attributes.ReadUInt32BigEndian();
        }

        attributes.EnsureValid();
        return type == NFT_OBJECT_COUNTER && name is not null ? new NftCountIn(name) : null;
    }

    private static NftLimit? ReadLimit(NetlinkAttributeReader attributes)
    {
        ulong rate = 0, unit = 0;
        uint burst = 0, type = 0, flags = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_LIMIT_RATE: rate = attributes.ReadUInt64BigEndian(); break;
                case NFTA_LIMIT_UNIT: unit = attributes.ReadUInt64BigEndian(); break;
                case NFTA_LIMIT_BURST: burst = attributes.ReadUInt32BigEndian(); break;
                case NFTA_LIMIT_TYPE: type = attributes.ReadUInt32BigEndian(); break;
                case NFTA_LIMIT_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return type == 0 ? new NftLimit(rate, unit, burst, (flags & NFT_LIMIT_F_INV) != 0) : null; // else bytes
    }

    private static NftMasquerade? ReadMasquerade(NetlinkAttributeReader attributes)
    {
        uint flags = 0;
        bool isMore = false;
        while (attributes.MoveNext())
        {
            if (attributes.Type == NFTA_MASQ_FLAGS)
                flags = attributes.ReadUInt32BigEndian();
            else
                isMore = true; // a range of ports
        }

        attributes.EnsureValid();
        return isMore ? null : new NftMasquerade((NftMasqueradeFlags)flags);
    }

    /// <returns>Null for source NAT, and for ranges of addresses or ports.</returns>
    private static NftDestinationNat? ReadNat(NetlinkAttributeReader attributes)
    {
        uint type = uint.MaxValue, family = 0, flags = 0;
        uint? address = null, lastAddress = null, port = null, lastPort = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_NAT_TYPE: type = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_FAMILY: family = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_REG_ADDR_MIN: address = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_REG_ADDR_MAX: lastAddress = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_REG_PROTO_MIN: port = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_REG_PROTO_MAX: lastPort = attributes.ReadUInt32BigEndian(); break;
                case NFTA_NAT_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        bool isSimple = type == NFT_NAT_DNAT && (lastAddress ?? address) == address && (lastPort ?? port) == port
            && (flags & ~NF_NAT_RANGE_MAP_IPS_AND_PROTO) == 0;
        return isSimple && address is { } from && ToSlot(from) is { } slot
            ? new NftDestinationNat(family == Libc.AF_INET ? NftFamily.IPv4 : NftFamily.IPv6, slot, port is { } register ? ToSlot(register) : null)
            : null;
    }

    private static NftExpression? ReadImmediate(NetlinkAttributeReader attributes)
    {
        uint register = uint.MaxValue;
        NetlinkAttributeReader data = default;
        while (attributes.MoveNext())
        {
            if (attributes.Type == NFTA_IMMEDIATE_DREG)
                register = attributes.ReadUInt32BigEndian();
            else if (attributes.Type == NFTA_IMMEDIATE_DATA)
                data = attributes.ReadNested();
        }

        attributes.EnsureValid();
        if (register == uint.MaxValue) return null;
        return ToSlot(register) is { } slot ? new NftConstant(NftMessage.ReadValue(data), slot) : ReadVerdict(data);
    }

    /// <returns>Null for the register of verdicts.</returns>
    private static int? ToSlot(uint register) => register switch
    {
        NFT_REG_VERDICT => null,
        < NFT_REG32_00 => (int)(register - NFT_REG_1) * SlotsPerRegister,
        _ => (int)(register - NFT_REG32_00),
    };
}
