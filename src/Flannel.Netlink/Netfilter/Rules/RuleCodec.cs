using System.Collections.Immutable;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Rules;

/// <summary>Rules as bytes. Every writer returns the length of the message.</summary>
internal static class RuleCodec
{
    /// <param name="buffer">Where to.</param>
    /// <param name="flags"><c>NLM_F_CREATE</c> or <c>NLM_F_REPLACE</c>, and <c>NLM_F_APPEND</c> for the end of the chain.</param>
    /// <param name="rule">The rule.</param>
    internal static int WriteNew(Span<byte> buffer, ushort flags, NftRule rule)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_NEWRULE, flags, rule.Family);
        writer.WriteString(NFTA_RULE_TABLE, rule.Table);
        writer.WriteString(NFTA_RULE_CHAIN, rule.Chain);
        if ((flags & NLM_F_REPLACE) != 0)
            writer.WriteUInt64BigEndian(NFTA_RULE_HANDLE, rule.Handle);
        NestedStart expressions = writer.BeginNested(NFTA_RULE_EXPRESSIONS | NLA_F_NESTED);
        foreach (NftExpression expression in rule.Expressions)
            ExpressionCodec.Write(ref writer, expression);
        writer.EndNested(expressions);
        NftMessage.WriteComment(ref writer, NFTA_RULE_USERDATA, rule.Comment);
        return writer.Complete();
    }

    /// <param name="buffer">Where to.</param>
    /// <param name="family">The table's family.</param>
    /// <param name="table">The table's name.</param>
    /// <param name="chain">The chain's name; <see langword="null"/> for every chain of the table.</param>
    /// <param name="handle">The rule's number; 0 for every rule.</param>
    internal static int WriteDelete(Span<byte> buffer, NftFamily family, string table, string? chain, ulong handle)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_DELRULE, 0, family);
        writer.WriteString(NFTA_RULE_TABLE, table);
        if (chain is not null)
            writer.WriteString(NFTA_RULE_CHAIN, chain);
        if (handle != 0)
            writer.WriteUInt64BigEndian(NFTA_RULE_HANDLE, handle);
        return writer.Complete();
    }

    internal static int WriteDumpRequest(Span<byte> buffer, NftFamily family, string table, string? chain)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_GETRULE, 0, family);
        writer.WriteString(NFTA_RULE_TABLE, table);
        if (chain is not null)
            writer.WriteString(NFTA_RULE_CHAIN, chain);
        return writer.Complete();
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryRead(NetlinkMessage message, out NftRule rule)
    {
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        string table = "", chain = "";
        string? comment = null;
        ulong handle = 0;
        ImmutableArray<NftExpression> expressions = [];
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_RULE_TABLE: table = attributes.ReadString(); break;
                case NFTA_RULE_CHAIN: chain = attributes.ReadString(); break;
                case NFTA_RULE_HANDLE: handle = attributes.ReadUInt64BigEndian(); break;
                case NFTA_RULE_EXPRESSIONS: expressions = ReadExpressions(attributes.ReadNested()); break;
                case NFTA_RULE_USERDATA: comment = Userdata.ReadComment(attributes.Value, NFTNL_UDATA_COMMENT); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        rule = new NftRule((NftFamily)header.nfgen_family, table, chain) { Expressions = expressions, Comment = comment, Handle = handle };
        return true;
    }

    private static ImmutableArray<NftExpression> ReadExpressions(NetlinkAttributeReader list)
    {
        ImmutableArray<NftExpression>.Builder expressions = ImmutableArray.CreateBuilder<NftExpression>();
        while (list.MoveNext())
            expressions.Add(ExpressionCodec.Read(list.ReadNested()));
        list.EnsureValid();
        return expressions.DrainToImmutable();
    }
}
