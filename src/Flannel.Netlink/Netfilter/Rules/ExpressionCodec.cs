using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>Expressions as bytes: a name and its attributes.</summary>
internal static partial class ExpressionCodec
{
    private const int SlotsPerRegister = 4;

    internal static void Write(ref NetlinkMessageWriter writer, NftExpression expression)
    {
        NestedStart element = writer.BeginNested(NFTA_LIST_ELEM | NLA_F_NESTED);
        writer.WriteString(NFTA_EXPR_NAME, NameOf(expression));
        NestedStart data = writer.BeginNested(NFTA_EXPR_DATA | NLA_F_NESTED);
        switch (expression)
        {
            case NftPayload payload:
                WriteRegister(ref writer, NFTA_PAYLOAD_DREG, payload.Slot);
                writer.WriteUInt32BigEndian(NFTA_PAYLOAD_BASE, (uint)payload.Header);
                writer.WriteUInt32BigEndian(NFTA_PAYLOAD_OFFSET, (uint)payload.Offset);
                writer.WriteUInt32BigEndian(NFTA_PAYLOAD_LEN, (uint)payload.Length);
                break;
            case NftMeta meta:
                writer.WriteUInt32BigEndian(NFTA_META_KEY, (uint)meta.Key);
                WriteRegister(ref writer, NFTA_META_DREG, meta.Slot);
                break;
            case NftSetMeta meta:
                writer.WriteUInt32BigEndian(NFTA_META_KEY, (uint)meta.Key);
                WriteRegister(ref writer, NFTA_META_SREG, meta.Slot);
                break;
            case NftConstant constant:
                WriteRegister(ref writer, NFTA_IMMEDIATE_DREG, constant.Slot);
                NftMessage.WriteValue(ref writer, NFTA_IMMEDIATE_DATA, constant.Value);
                break;
            case NftConntrack conntrack:
                writer.WriteUInt32BigEndian(NFTA_CT_KEY, (uint)conntrack.Key);
                WriteRegister(ref writer, NFTA_CT_DREG, conntrack.Slot);
                break;
            case NftAddressType type:
                WriteRouteLookup(ref writer, type.Flags, NFT_FIB_RESULT_ADDRTYPE, type.Slot);
                break;
            case NftRouteInterface route:
                WriteRouteLookup(ref writer, route.Flags, NFT_FIB_RESULT_OIF, route.Slot);
                break;
            case NftBitwise bitwise:
                WriteRegister(ref writer, NFTA_BITWISE_SREG, bitwise.Slot);
                WriteRegister(ref writer, NFTA_BITWISE_DREG, bitwise.Slot);
                writer.WriteUInt32BigEndian(NFTA_BITWISE_LEN, (uint)bitwise.Mask.Length);
                NftMessage.WriteValue(ref writer, NFTA_BITWISE_MASK, bitwise.Mask);
                NftMessage.WriteValue(ref writer, NFTA_BITWISE_XOR, bitwise.Xor);
                break;
            case NftCompare compare:
                WriteRegister(ref writer, NFTA_CMP_SREG, compare.Slot);
                writer.WriteUInt32BigEndian(NFTA_CMP_OP, (uint)compare.Operator);
                NftMessage.WriteValue(ref writer, NFTA_CMP_DATA, compare.Value);
                break;
            case NftLookup lookup:
                WriteLookup(ref writer, lookup);
                break;
            case NftCount count:
                if (count is not { Packets: 0, Bytes: 0 })
                {
                    writer.WriteUInt64BigEndian(NFTA_COUNTER_BYTES, count.Bytes);
                    writer.WriteUInt64BigEndian(NFTA_COUNTER_PACKETS, count.Packets);
                }

                break;
            case NftCountIn count:
                writer.WriteUInt32BigEndian(NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
                writer.WriteString(NFTA_OBJREF_IMM_NAME, count.Counter);
                break;
            case NftLimit limit:
                writer.WriteUInt64BigEndian(NFTA_LIMIT_RATE, limit.Rate);
                writer.WriteUInt64BigEndian(NFTA_LIMIT_UNIT, limit.Unit);
                writer.WriteUInt32BigEndian(NFTA_LIMIT_BURST, limit.Burst);
                writer.WriteUInt32BigEndian(NFTA_LIMIT_TYPE, 0);
                writer.WriteUInt32BigEndian(NFTA_LIMIT_FLAGS, limit.IsInverted ? NFT_LIMIT_F_INV : 0);
                break;
            case NftMasquerade masquerade:
                if (masquerade.Flags != NftMasqueradeFlags.None)
                    writer.WriteUInt32BigEndian(NFTA_MASQ_FLAGS, (uint)masquerade.Flags);
                break;
            case NftDestinationNat nat:
                writer.WriteUInt32BigEndian(NFTA_NAT_TYPE, NFT_NAT_DNAT);
                writer.WriteUInt32BigEndian(NFTA_NAT_FAMILY, (uint)(nat.Family == NftFamily.IPv4 ? Libc.AF_INET : Libc.AF_INET6));
                WriteRegister(ref writer, NFTA_NAT_REG_ADDR_MIN, nat.AddressSlot);
                if (nat.PortSlot is { } port)
                    WriteRegister(ref writer, NFTA_NAT_REG_PROTO_MIN, port);
                break;
            case NftVerdict verdict:
                writer.WriteUInt32BigEndian(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
                WriteVerdict(ref writer, NFTA_IMMEDIATE_DATA, verdict);
                break;
            default:
                break;
        }

        writer.EndNested(data);
        writer.EndNested(element);
    }

    internal static void WriteVerdict(ref NetlinkMessageWriter writer, ushort type, NftVerdict verdict)
    {
        NestedStart data = writer.BeginNested((ushort)(type | NLA_F_NESTED));
        NestedStart inner = writer.BeginNested(NFTA_DATA_VERDICT | NLA_F_NESTED);
        writer.WriteUInt32BigEndian(NFTA_VERDICT_CODE, (uint)verdict.Kind);
        if (verdict.Chain is not null)
            writer.WriteString(NFTA_VERDICT_CHAIN, verdict.Chain);
        writer.EndNested(inner);
        writer.EndNested(data);
    }

    private static void WriteRouteLookup(ref NetlinkMessageWriter writer, NftAddressTypeFlags flags, uint result, int slot)
    {
        writer.WriteUInt32BigEndian(NFTA_FIB_FLAGS, (uint)flags);
        writer.WriteUInt32BigEndian(NFTA_FIB_RESULT, result);
        WriteRegister(ref writer, NFTA_FIB_DREG, slot);
    }

    private static void WriteLookup(ref NetlinkMessageWriter writer, NftLookup lookup)
    {
        writer.WriteString(NFTA_LOOKUP_SET, lookup.Set);
        WriteRegister(ref writer, NFTA_LOOKUP_SREG, lookup.Slot);
        if (lookup.IsVerdictMap)
            writer.WriteUInt32BigEndian(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
        else if (lookup.ValueSlot is { } slot)
            WriteRegister(ref writer, NFTA_LOOKUP_DREG, slot);
        if (lookup.IsInverted)
            writer.WriteUInt32BigEndian(NFTA_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
    }

    // A slot that begins one of the four registers of 16 bytes goes by that register's number, in the kernel's answers as well.
    private static void WriteRegister(ref NetlinkMessageWriter writer, ushort type, int slot)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)slot, 15u, nameof(slot));
        writer.WriteUInt32BigEndian(
            type, slot % SlotsPerRegister == 0 ? NFT_REG_1 + (uint)(slot / SlotsPerRegister) : NFT_REG32_00 + (uint)slot);
    }

    private static string NameOf(NftExpression expression) => expression switch
    {
        NftPayload => "payload",
        NftMeta or NftSetMeta => "meta",
        NftConntrack => "ct",
        NftAddressType or NftRouteInterface => "fib",
        NftBitwise => "bitwise",
        NftCompare => "cmp",
        NftLookup => "lookup",
        NftCount => "counter",
        NftCountIn => "objref",
        NftLimit => "limit",
        NftMasquerade => "masq",
        NftDestinationNat => "nat",
        NftVerdict or NftConstant => "immediate",
        _ => throw new ArgumentException($"{expression} can be read but not written.", nameof(expression)),
    };
}
