using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h. Numbers in attributes are in network byte order.</summary>
internal static class LinuxNfTables
{
    internal const uint NFNLGRP_NFTABLES = 7;
    internal const int NFNL_SUBSYS_NFTABLES = 10;
    internal const ushort NFNL_MSG_BATCH_BEGIN = 16;
    internal const ushort NFNL_MSG_BATCH_END = 17;
    internal const ushort NFNL_BATCH_GENID = 1;

    internal const ushort NFT_MSG_NEWTABLE = 0;
    internal const ushort NFT_MSG_GETTABLE = 1;
    internal const ushort NFT_MSG_DELTABLE = 2;
    internal const ushort NFT_MSG_NEWCHAIN = 3;
    internal const ushort NFT_MSG_GETCHAIN = 4;
    internal const ushort NFT_MSG_DELCHAIN = 5;
    internal const ushort NFT_MSG_NEWRULE = 6;
    internal const ushort NFT_MSG_GETRULE = 7;
    internal const ushort NFT_MSG_DELRULE = 8;
    internal const ushort NFT_MSG_NEWSET = 9;
    internal const ushort NFT_MSG_GETSET = 10;
    internal const ushort NFT_MSG_DELSET = 11;
    internal const ushort NFT_MSG_NEWSETELEM = 12;
    internal const ushort NFT_MSG_GETSETELEM = 13;
    internal const ushort NFT_MSG_DELSETELEM = 14;
    internal const ushort NFT_MSG_NEWGEN = 15;
    internal const ushort NFT_MSG_GETGEN = 16;
    internal const ushort NFT_MSG_NEWOBJ = 18;
    internal const ushort NFT_MSG_GETOBJ = 19;
    internal const ushort NFT_MSG_DELOBJ = 20;

    internal const ushort NFTA_LIST_ELEM = 1;

    internal const ushort NFTA_TABLE_NAME = 1;
    internal const ushort NFTA_TABLE_FLAGS = 2;
    internal const ushort NFTA_TABLE_USERDATA = 6;
    internal const uint NFT_TABLE_F_DORMANT = 1;

    internal const ushort NFTA_CHAIN_TABLE = 1;
    internal const ushort NFTA_CHAIN_NAME = 3;
    internal const ushort NFTA_CHAIN_HOOK = 4;
    internal const ushort NFTA_CHAIN_POLICY = 5;
    internal const ushort NFTA_CHAIN_TYPE = 7;
    internal const ushort NFTA_CHAIN_USERDATA = 12;
    internal const ushort NFTA_HOOK_HOOKNUM = 1;
    internal const ushort NFTA_HOOK_PRIORITY = 2;
    internal const ushort NFTA_HOOK_DEV = 3;

    internal const ushort NFTA_RULE_TABLE = 1;
    internal const ushort NFTA_RULE_CHAIN = 2;
    internal const ushort NFTA_RULE_HANDLE = 3;
    internal const ushort NFTA_RULE_EXPRESSIONS = 4;
    internal const ushort NFTA_RULE_USERDATA = 7;

    internal const ushort NFTA_SET_TABLE = 1;
    internal const ushort NFTA_SET_NAME = 2;
    internal const ushort NFTA_SET_FLAGS = 3;
    internal const ushort NFTA_SET_KEY_TYPE = 4;
    internal const ushort NFTA_SET_KEY_LEN = 5;
    internal const ushort NFTA_SET_DATA_TYPE = 6;
    internal const ushort NFTA_SET_DATA_LEN = 7;
    internal const ushort NFTA_SET_DESC = 9;
    internal const ushort NFTA_SET_ID = 10;
    internal const ushort NFTA_SET_USERDATA = 13;
    internal const ushort NFTA_SET_DESC_SIZE = 1;
    internal const ushort NFTA_SET_DESC_CONCAT = 2;
    internal const ushort NFTA_SET_FIELD_LEN = 1;

    internal const uint NFT_SET_ANONYMOUS = 0x1;
    internal const uint NFT_SET_INTERVAL = 0x4;
    internal const uint NFT_SET_MAP = 0x8;
    internal const uint NFT_SET_CONCAT = 0x80;
    internal const uint NFT_DATA_VERDICT = 0xffffff00;

    internal const ushort NFTA_SET_ELEM_LIST_TABLE = 1;
    internal const ushort NFTA_SET_ELEM_LIST_SET = 2;
    internal const ushort NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    internal const ushort NFTA_SET_ELEM_KEY = 1;
    internal const ushort NFTA_SET_ELEM_DATA = 2;
    internal const ushort NFTA_SET_ELEM_FLAGS = 3;
    internal const ushort NFTA_SET_ELEM_KEY_END = 10;
    internal const uint NFT_SET_ELEM_INTERVAL_END = 1;

    internal const ushort NFTA_DATA_VALUE = 1;
    internal const ushort NFTA_DATA_VERDICT = 2;
    internal const ushort NFTA_VERDICT_CODE = 1;
    internal const ushort NFTA_VERDICT_CHAIN = 2;

    internal const ushort NFTA_OBJ_TABLE = 1;
    internal const ushort NFTA_OBJ_NAME = 2;
    internal const ushort NFTA_OBJ_TYPE = 3;
    internal const ushort NFTA_OBJ_DATA = 4;
    internal const ushort NFTA_OBJ_USERDATA = 8;
    internal const uint NFT_OBJECT_COUNTER = 1;

    internal const ushort NFTA_GEN_ID = 1;

    internal const ushort NFTA_EXPR_NAME = 1;
    internal const ushort NFTA_EXPR_DATA = 2;
    internal const uint NFT_REG_VERDICT = 0;
    internal const uint NFT_REG_1 = 1;
    internal const uint NFT_REG32_00 = 8;

    internal const ushort NFTA_IMMEDIATE_DREG = 1;
    internal const ushort NFTA_IMMEDIATE_DATA = 2;

    internal const ushort NFTA_BITWISE_SREG = 1;
    internal const ushort NFTA_BITWISE_DREG = 2;
    internal const ushort NFTA_BITWISE_LEN = 3;
    internal const ushort NFTA_BITWISE_MASK = 4;
    internal const ushort NFTA_BITWISE_XOR = 5;
    internal const ushort NFTA_BITWISE_OP = 6;

    internal const ushort NFTA_CMP_SREG = 1;
    internal const ushort NFTA_CMP_OP = 2;
    internal const ushort NFTA_CMP_DATA = 3;

    internal const ushort NFTA_LOOKUP_SET = 1;
    internal const ushort NFTA_LOOKUP_SREG = 2;
    internal const ushort NFTA_LOOKUP_DREG = 3;
    internal const ushort NFTA_LOOKUP_FLAGS = 5;
    internal const uint NFT_LOOKUP_F_INV = 1;

    internal const ushort NFTA_PAYLOAD_DREG = 1;
    internal const ushort NFTA_PAYLOAD_BASE = 2;
    internal const ushort NFTA_PAYLOAD_OFFSET = 3;
    internal const ushort NFTA_PAYLOAD_LEN = 4;

    internal const ushort NFTA_META_DREG = 1;
    internal const ushort NFTA_META_KEY = 2;
    internal const ushort NFTA_META_SREG = 3;

    internal const ushort NFTA_CT_DREG = 1;
    internal const ushort NFTA_CT_KEY = 2;

    internal const ushort NFTA_FIB_DREG = 1;
    internal const ushort NFTA_FIB_RESULT = 2;
    internal const ushort NFTA_FIB_FLAGS = 3;
    internal const uint NFT_FIB_RESULT_OIF = 1;
    internal const uint NFT_FIB_RESULT_ADDRTYPE = 3;

    internal const ushort NFTA_COUNTER_BYTES = 1;
    internal const ushort NFTA_COUNTER_PACKETS = 2;

    internal const ushort NFTA_OBJREF_IMM_TYPE = 1;
    internal const ushort NFTA_OBJREF_IMM_NAME = 2;

    internal const ushort NFTA_MASQ_FLAGS = 1;

    internal const ushort NFTA_NAT_TYPE = 1;
    internal const ushort NFTA_NAT_FAMILY = 2;
    internal const ushort NFTA_NAT_REG_ADDR_MIN = 3;
    internal const ushort NFTA_NAT_REG_ADDR_MAX = 4;
    internal const ushort NFTA_NAT_REG_PROTO_MIN = 5;
    internal const ushort NFTA_NAT_REG_PROTO_MAX = 6;
    internal const ushort NFTA_NAT_FLAGS = 7;
    internal const uint NFT_NAT_DNAT = 1;
    internal const uint NF_NAT_RANGE_MAP_IPS_AND_PROTO = 3; // linux/netfilter/nf_nat.h

    internal const ushort NFTA_LIMIT_RATE = 1;
    internal const ushort NFTA_LIMIT_UNIT = 2;
    internal const ushort NFTA_LIMIT_BURST = 3;
    internal const ushort NFTA_LIMIT_TYPE = 4;
    internal const ushort NFTA_LIMIT_FLAGS = 5;
    internal const uint NFT_LIMIT_F_INV = 1;

    // Userdata, which the kernel keeps without looking at it: type (8 bits), length (8 bits), value. The types are those of nft (libnftnl/udata.h).
    internal const byte NFTNL_UDATA_COMMENT = 0; // of tables, chains, rules and objects
    internal const byte NFTNL_UDATA_SET_KEYBYTEORDER = 0;
    internal const byte NFTNL_UDATA_SET_DATABYTEORDER = 1;
    internal const byte NFTNL_UDATA_SET_KEY_TYPEOF = 3;
    internal const byte NFTNL_UDATA_SET_COMMENT = 7;
    internal const byte NFTNL_UDATA_SET_TYPEOF_EXPR = 0;
    internal const byte NFTNL_UDATA_SET_TYPEOF_DATA = 1;
    internal const byte NFTNL_UDATA_SET_KEY_PAYLOAD_DESC = 0;
    internal const byte NFTNL_UDATA_SET_KEY_PAYLOAD_TYPE = 1;
    internal const byte NFTNL_UDATA_SET_KEY_PAYLOAD_BASE = 2;
    internal const byte NFTNL_UDATA_SET_KEY_PAYLOAD_OFFSET = 3;
    internal const byte NFTNL_UDATA_SET_KEY_PAYLOAD_LEN = 4;

    internal static ushort MessageType(ushort message) => (ushort)((NFNL_SUBSYS_NFTABLES << 8) | message);
}

/// <summary>Family header of every netfilter message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nfgenmsg
{
    public byte nfgen_family;
    public byte version;
    public ushort res_id;
}
