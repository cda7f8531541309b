using Flannel.Netlink.Messages;
using static Flannel.Netlink.Interop.LinuxIfLink;

namespace Flannel.Netlink.Route.Links;

// What a bridge keeps for each of its ports.
internal static partial class LinkCodec
{
    private static void WriteBridgePort(ref NetlinkMessageWriter writer, LinkChange change)
    {
        NestedStart info = writer.BeginNested(IFLA_LINKINFO);
        writer.WriteString(IFLA_INFO_SLAVE_KIND, "bridge");
        NestedStart data = writer.BeginNested(IFLA_INFO_SLAVE_DATA);
        if (change.Hairpin is { } hairpin)
            writer.WriteByte(IFLA_BRPORT_MODE, hairpin ? (byte)1 : (byte)0);
        if (change.ForwardsAtOnce)
            writer.WriteByte(IFLA_BRPORT_STATE, BR_STATE_FORWARDING);
        writer.EndNested(data);
        writer.EndNested(info);
    }

    private static bool? ReadHairpin(NetlinkAttributeReader port)
    {
        bool? hairpin = null;
        while (port.MoveNext())
        {
            if (port.Type == IFLA_BRPORT_MODE)
                hairpin = port.ReadBoolean();
        }

        port.EnsureValid();
        return hairpin;
    }
}
