using System.Runtime.InteropServices;

namespace Flannel.Netlink.Interop;

/// <summary>linux/netfilter/nfnetlink.h and linux/netfilter/nf_tables.h</summary>
internal static class LinuxNfTables
{
    internal const uint NFNLGRP_NFTABLES = 7;
    internal const int NFNL_SUBSYS_NFTABLES = 10;

    internal const ushort NFT_MSG_NEWTABLE = 0;
    internal const ushort NFT_MSG_DELTABLE = 2;
    internal const ushort NFT_MSG_NEWCHAIN = 3;
    internal const ushort NFT_MSG_DELCHAIN = 5;
    internal const ushort NFT_MSG_NEWRULE = 6;
    internal const ushort NFT_MSG_DELRULE = 8;

    internal const ushort NFTA_TABLE_NAME = 1;
    internal const ushort NFTA_CHAIN_TABLE = 1;
    internal const ushort NFTA_CHAIN_NAME = 3;
    internal const ushort NFTA_RULE_TABLE = 1;
    internal const ushort NFTA_RULE_CHAIN = 2;
}

/// <summary>Family header of every netfilter message.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct nfgenmsg
{
    public byte nfgen_family;
    public byte version;
    public ushort res_id;
}
