using System.Globalization;
using System.Text;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter;

/// <summary>Turns a request into words close to nft's, for exceptions: <c>NFT_MSG_NEWRULE inet filter input</c>.</summary>
internal static class NftRequestFormatter
{
    private const ushort NoList = ushort.MaxValue; // no attribute has this type

    /// <param name="request">The message.</param>
    /// <param name="refusedOffset">Where in it the kernel says that the fault is.</param>
    internal static string Format(ReadOnlySpan<byte> request, int? refusedOffset = null)
    {
        var messages = new NetlinkMessageReader(request);
        if (!messages.MoveNext())
            return "malformed request";
        NetlinkMessage message = messages.Current;
        if (message.Type is NFNL_MSG_BATCH_BEGIN or NFNL_MSG_BATCH_END)
            return "nf_tables transaction";
        if (message.Type >> 8 != NFNL_SUBSYS_NFTABLES)
            return string.Create(CultureInfo.InvariantCulture, $"netfilter request {message.Type}");
        (string name, ushort[] names, ushort list) = Describe(message.Type & 0xff);
        var text = new StringBuilder(name);
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        text.Append(FamilyName((NftFamily)header.nfgen_family));
        while (attributes.MoveNext())
        {
            if (names.Contains(attributes.Type))
                text.Append(' ').Append(attributes.ReadString());
            else if (attributes.Type == list)
                AppendElements(text, attributes.ReadNested(), RefusedElement(request, refusedOffset));
        }

        return text.ToString();
    }

    private static (string Name, ushort[] Names, ushort List) Describe(int type) => type switch
    {
        NFT_MSG_NEWTABLE => (nameof(NFT_MSG_NEWTABLE), [NFTA_TABLE_NAME], NoList),
        NFT_MSG_GETTABLE => (nameof(NFT_MSG_GETTABLE), [], NoList),
        NFT_MSG_DELTABLE => (nameof(NFT_MSG_DELTABLE), [NFTA_TABLE_NAME], NoList),
        NFT_MSG_NEWCHAIN => (nameof(NFT_MSG_NEWCHAIN), [NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME], NoList),
        NFT_MSG_GETCHAIN => (nameof(NFT_MSG_GETCHAIN), [], NoList),
        NFT_MSG_DELCHAIN => (nameof(NFT_MSG_DELCHAIN), [NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME], NoList),
        NFT_MSG_NEWRULE => (nameof(NFT_MSG_NEWRULE), [NFTA_RULE_TABLE, NFTA_RULE_CHAIN], NoList),
        NFT_MSG_GETRULE => (nameof(NFT_MSG_GETRULE), [NFTA_RULE_TABLE, NFTA_RULE_CHAIN], NoList),
        NFT_MSG_DELRULE => (nameof(NFT_MSG_DELRULE), [NFTA_RULE_TABLE, NFTA_RULE_CHAIN], NoList),
        NFT_MSG_NEWSET => (nameof(NFT_MSG_NEWSET), [NFTA_SET_TABLE, NFTA_SET_NAME], NoList),
        NFT_MSG_GETSET => (nameof(NFT_MSG_GETSET), [NFTA_SET_TABLE], NoList),
        NFT_MSG_DELSET => (nameof(NFT_MSG_DELSET), [NFTA_SET_TABLE, NFTA_SET_NAME], NoList),
        NFT_MSG_NEWSETELEM => (nameof(NFT_MSG_NEWSETELEM), [NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET], NFTA_SET_ELEM_LIST_ELEMENTS),
        NFT_MSG_GETSETELEM => (nameof(NFT_MSG_GETSETELEM), [NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET], NoList),
        NFT_MSG_DELSETELEM => (nameof(NFT_MSG_DELSETELEM), [NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET], NFTA_SET_ELEM_LIST_ELEMENTS),
        NFT_MSG_GETGEN => (nameof(NFT_MSG_GETGEN), [], NoList),
        NFT_MSG_NEWOBJ => (nameof(NFT_MSG_NEWOBJ), [NFTA_OBJ_TABLE, NFTA_OBJ_NAME], NoList),
        NFT_MSG_GETOBJ => (nameof(NFT_MSG_GETOBJ), [NFTA_OBJ_TABLE], NoList),
        NFT_MSG_DELOBJ => (nameof(NFT_MSG_DELOBJ), [NFTA_OBJ_TABLE, NFTA_OBJ_NAME], NoList),
        _ => (string.Create(CultureInfo.InvariantCulture, $"nf_tables request {type}"), [], NoList),
    };

    private static string FamilyName(NftFamily family) => family switch
    {
        NftFamily.Unspecified => "",
        NftFamily.Inet => " inet",
        NftFamily.IPv4 => " ip",
        NftFamily.Arp => " arp",
        NftFamily.NetDevice => " netdev",
        NftFamily.Bridge => " bridge",
        NftFamily.IPv6 => " ip6",
        _ => string.Create(CultureInfo.InvariantCulture, $" family {(byte)family}"),
    };

    /// <summary>The element that was refused where that is known, else the first; and how many others there are.</summary>
    private static void AppendElements(StringBuilder text, NetlinkAttributeReader list, string? refused)
    {
        int count = 0;
        string? first = null;
        while (list.MoveNext())
        {
            if (count++ == 0)
                first = KeyOf(list.ReadNested());
        }

        text.Append(' ').Append(refused ?? first ?? "?");
        if (count > 1)
            text.Append(CultureInfo.InvariantCulture, $" and {count - 1} more");
    }

    /// <returns>Null where the kernel names no element.</returns>
    private static string? RefusedElement(ReadOnlySpan<byte> request, int? offset)
    {
        if (offset is not { } start || (uint)start >= (uint)request.Length)
            return null;
        var refused = new NetlinkAttributeReader(request[start..]);
        return refused.MoveNext() && refused.Type == NFTA_LIST_ELEM ? KeyOf(refused.ReadNested()) : null;
    }

    private static string? KeyOf(NetlinkAttributeReader element)
    {
        while (element.MoveNext())
        {
            if (element.Type == NFTA_SET_ELEM_KEY)
                return NftMessage.ReadValue(element.ReadNested()).ToString();
        }

        return null;
    }
}
