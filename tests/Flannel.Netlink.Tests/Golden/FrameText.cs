using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink.Tests.Golden;

/// <summary>A request as sorted lines, one per attribute, so that two requests compare without regard to the order of their attributes.</summary>
internal static class FrameText
{
    internal static SortedSet<string> Describe(ReadOnlySpan<byte> frame, int familyHeaderSize)
    {
        var header = MemoryMarshal.Read<nlmsghdr>(frame);
        var lines = new SortedSet<string>(StringComparer.Ordinal)
        {
            $"type {header.nlmsg_type} flags {header.nlmsg_flags:x}",
            $"header {Convert.ToHexStringLower(frame.Slice(LinuxNetlink.NLMSG_HDRLEN, familyHeaderSize))}",
        };
        bool isLink = header.nlmsg_type == LinuxRtnetlink.RTM_NEWLINK;
        Add(lines, "", frame[(LinuxNetlink.NLMSG_HDRLEN + familyHeaderSize)..], isLink);
        return lines;
    }

    private static void Add(SortedSet<string> lines, string path, ReadOnlySpan<byte> attributes, bool isLink)
    {
        var reader = new NetlinkAttributeReader(attributes);
        while (reader.MoveNext())
        {
            string here = $"{path}/{reader.Type}";
            if (isLink && here is "/18" or "/18/2" or "/26" or "/26/10")
                Add(lines, here, reader.Value, isLink);
            else if (isLink && here == "/18/1")
                lines.Add($"{here} {reader.ReadString()}"); // the kernel takes a kind with or without its terminating zero
            else
                lines.Add($"{here} {Convert.ToHexStringLower(reader.Value)}");
        }

        reader.EnsureValid();
    }
}
