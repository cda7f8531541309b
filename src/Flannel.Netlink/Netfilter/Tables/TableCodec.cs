using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxNetlink;
using static Flannel.Netlink.Interop.LinuxNfTables;

namespace Flannel.Netlink.Netfilter.Tables;

/// <summary>Tables, chains and counters as bytes. Every writer returns the length of the message.</summary>
internal static class TableCodec
{
    internal static int WriteNew(Span<byte> buffer, NftTable table)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_NEWTABLE, 0, table.Family);
        writer.WriteString(NFTA_TABLE_NAME, table.Name);
        writer.WriteUInt32BigEndian(NFTA_TABLE_FLAGS, table.IsDormant ? NFT_TABLE_F_DORMANT : 0);
        NftMessage.WriteComment(ref writer, NFTA_TABLE_USERDATA, table.Comment);
        return writer.Complete();
    }

    internal static int WriteNew(Span<byte> buffer, NftChain chain)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_NEWCHAIN, NLM_F_CREATE, chain.Family);
        writer.WriteString(NFTA_CHAIN_TABLE, chain.Table);
        writer.WriteString(NFTA_CHAIN_NAME, chain.Name);
        if (chain.Base is { } entry)
        {
            writer.WriteString(NFTA_CHAIN_TYPE, ToKernel(entry.Type));
            writer.WriteUInt32BigEndian(NFTA_CHAIN_POLICY, entry.DropsByDefault ? 0u : 1);
            NestedStart hook = writer.BeginNested(NFTA_CHAIN_HOOK | NLA_F_NESTED);
            writer.WriteUInt32BigEndian(NFTA_HOOK_HOOKNUM, ToKernel(chain.Family, entry.Hook));
            writer.WriteUInt32BigEndian(NFTA_HOOK_PRIORITY, (uint)entry.Priority);
            if (entry.Device is { } device) writer.WriteString(NFTA_HOOK_DEV, device);
            writer.EndNested(hook);
        }

        NftMessage.WriteComment(ref writer, NFTA_CHAIN_USERDATA, chain.Comment);
        return writer.Complete();
    }

    internal static int WriteNew(Span<byte> buffer, NftCounter counter)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_NEWOBJ, NLM_F_CREATE, counter.Family);
        writer.WriteString(NFTA_OBJ_TABLE, counter.Table);
        writer.WriteString(NFTA_OBJ_NAME, counter.Name);
        writer.WriteUInt32BigEndian(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
        NftMessage.WriteComment(ref writer, NFTA_OBJ_USERDATA, counter.Comment);
        NestedStart data = writer.BeginNested(NFTA_OBJ_DATA | NLA_F_NESTED);
        writer.WriteUInt64BigEndian(NFTA_COUNTER_BYTES, counter.Bytes);
        writer.WriteUInt64BigEndian(NFTA_COUNTER_PACKETS, counter.Packets);
        writer.EndNested(data);
        return writer.Complete();
    }

    internal static int WriteDeleteTable(Span<byte> buffer, NftFamily family, string name)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_DELTABLE, 0, family);
        writer.WriteString(NFTA_TABLE_NAME, name);
        return writer.Complete();
    }

    internal static int WriteDeleteChain(Span<byte> buffer, NftFamily family, string table, string name)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_DELCHAIN, 0, family);
        writer.WriteString(NFTA_CHAIN_TABLE, table);
        writer.WriteString(NFTA_CHAIN_NAME, name);
        return writer.Complete();
    }

    internal static int WriteDeleteCounter(Span<byte> buffer, NftFamily family, string table, string name)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_DELOBJ, 0, family);
        writer.WriteString(NFTA_OBJ_TABLE, table);
        writer.WriteString(NFTA_OBJ_NAME, name);
        writer.WriteUInt32BigEndian(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
        return writer.Complete();
    }

    internal static int WriteDumpTables(Span<byte> buffer, NftFamily family) => NftMessage.Begin(buffer, NFT_MSG_GETTABLE, 0, family).Complete();

    internal static int WriteDumpChains(Span<byte> buffer, NftFamily family) => NftMessage.Begin(buffer, NFT_MSG_GETCHAIN, 0, family).Complete();

    internal static int WriteDumpCounters(Span<byte> buffer, NftFamily family, string table)
    {
        NetlinkMessageWriter writer = NftMessage.Begin(buffer, NFT_MSG_GETOBJ, 0, family);
        writer.WriteString(NFTA_OBJ_TABLE, table);
        writer.WriteUInt32BigEndian(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
        return writer.Complete();
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryReadTable(NetlinkMessage message, out NftTable table)
    {
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        string name = "";
        string? comment = null;
        uint flags = 0;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_TABLE_NAME: name = attributes.ReadString(); break;
                case NFTA_TABLE_FLAGS: flags = attributes.ReadUInt32BigEndian(); break;
                case NFTA_TABLE_USERDATA: comment = Userdata.ReadComment(attributes.Value, NFTNL_UDATA_COMMENT); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        table = new NftTable((NftFamily)header.nfgen_family, name) { Comment = comment, IsDormant = (flags & NFT_TABLE_F_DORMANT) != 0 };
        return true;
    }

    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryReadChain(NetlinkMessage message, out NftChain chain)
    {
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        string table = "", name = "", type = "";
        string? comment = null;
        NftBaseChain? entry = null;
        uint policy = 1;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_CHAIN_TABLE: table = attributes.ReadString(); break;
                case NFTA_CHAIN_NAME: name = attributes.ReadString(); break;
                case NFTA_CHAIN_TYPE: type = attributes.ReadString(); break;
                case NFTA_CHAIN_POLICY: policy = attributes.ReadUInt32BigEndian(); break;
                case NFTA_CHAIN_HOOK: entry = ReadHook(attributes.ReadNested()); break;
                case NFTA_CHAIN_USERDATA: comment = Userdata.ReadComment(attributes.Value, NFTNL_UDATA_COMMENT); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        if (entry is not null)
        {
            entry = entry with
            {
                Type = FromKernel(type),
                Hook = FromKernel((NftFamily)header.nfgen_family, entry.Hook),
                DropsByDefault = policy == 0,
            };
        }

        chain = new NftChain((NftFamily)header.nfgen_family, table, name) { Base = entry, Comment = comment };
        return true;
    }

    /// <returns>False for objects of other kinds.</returns>
    /// <exception cref="NetlinkException">The message is malformed.</exception>
    internal static bool TryReadCounter(NetlinkMessage message, out NftCounter counter)
    {
        nfgenmsg header = message.Read<nfgenmsg>(out NetlinkAttributeReader attributes);
        string table = "", name = "";
        string? comment = null;
        uint type = 0;
        (ulong Packets, ulong Bytes) counted = default;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_OBJ_TABLE: table = attributes.ReadString(); break;
                case NFTA_OBJ_NAME: name = attributes.ReadString(); break;
                case NFTA_OBJ_TYPE: type = attributes.ReadUInt32BigEndian(); break;
                // the kernel sends the type before
                case NFTA_OBJ_DATA when type == NFT_OBJECT_COUNTER: counted = ReadCounts(attributes.ReadNested()); break;
                case NFTA_OBJ_USERDATA: comment = Userdata.ReadComment(attributes.Value, NFTNL_UDATA_COMMENT); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        counter = new NftCounter((NftFamily)header.nfgen_family, table, name)
        {
            Packets = counted.Packets,
            Bytes = counted.Bytes,
            Comment = comment,
        };
        return type == NFT_OBJECT_COUNTER;
    }

    /// <exception cref="NetlinkException">The attribute is malformed.</exception>
    internal static (ulong Packets, ulong Bytes) ReadCounts(NetlinkAttributeReader attributes)
    {
        (ulong packets, ulong bytes) = (0, 0);
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_COUNTER_BYTES: bytes = attributes.ReadUInt64BigEndian(); break;
                case NFTA_COUNTER_PACKETS: packets = attributes.ReadUInt64BigEndian(); break;
                default: break;
            }
        }

        attributes.EnsureValid();
        return (packets, bytes);
    }

    private static NftBaseChain ReadHook(NetlinkAttributeReader attributes)
    {
        (uint hook, uint priority) = (0, 0);
        string? device = null;
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case NFTA_HOOK_HOOKNUM: hook = attributes.ReadUInt32BigEndian(); break;
                case NFTA_HOOK_PRIORITY: priority = attributes.ReadUInt32BigEndian(); break;
                case NFTA_HOOK_DEV: device = attributes.ReadString(); break; // of several devices the kernel sends none here
                default: break;
            }
        }

        attributes.EnsureValid();
        return new NftBaseChain(NftChainType.Unknown, (NftHook)hook, (int)priority) { Device = device };
    }

    // Tables of devices have hooks of their own: NF_NETDEV_INGRESS is 0.
    private static uint ToKernel(NftFamily family, NftHook hook) => family == NftFamily.NetDevice && hook == NftHook.Ingress ? 0 : (uint)hook;

    private static NftHook FromKernel(NftFamily family, NftHook hook) => family == NftFamily.NetDevice && hook == 0 ? NftHook.Ingress : hook;

    private static string ToKernel(NftChainType type) => type switch
    {
        NftChainType.Filter => "filter",
        NftChainType.Nat => "nat",
        NftChainType.Route => "route",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "A base chain to add is of a known type."),
    };

    private static NftChainType FromKernel(string type) => type switch
    {
        "filter" => NftChainType.Filter,
        "nat" => NftChainType.Nat,
        "route" => NftChainType.Route,
        _ => NftChainType.Unknown,
    };
}
