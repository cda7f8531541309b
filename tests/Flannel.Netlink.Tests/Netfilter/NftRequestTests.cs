using System.Runtime.InteropServices;
using Flannel.Netlink.Interop;
using Flannel.Netlink.Tests.Golden;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>Our requests against those that nft sends for the same intent: byte for byte, but for what differs on purpose.</summary>
public class NftRequestTests
{
    private static readonly IReadOnlyDictionary<string, byte[]> Captured = GoldenFile.Load("nft-requests");

    /// <summary>Attributes that nft sends and we do not (-), and the other way round (+).</summary>
    private static readonly Dictionary<string, string[]> Differences = new()
    {
        // A set of the same transaction can be named by a number as well. Its name alone does.
        ["elements-add"] = ["-/4 00000001"],
        ["elements-add-ipv6"] = ["-/4 00000002"],
        ["elements-add-concatenated-interval"] = ["-/4 00000004"],
        ["elements-add-concatenated"] = ["-/4 00000005"],
        ["elements-add-map"] = ["-/4 00000006"],
        ["elements-add-verdict"] = ["-/4 00000007"],
        ["rule-add-2"] = ["-/4/1/2/4 00000004"],
        ["rule-add-7"] = ["-/4/1/2/4 00000002"],

        // nft begins a list of intervals with an end at 0, and notes at an interval without an end that it has none.
        ["elements-add-interval"] = ["-/4 00000003", "-/3/*/1/1 00000000", "-/3/*/3 00000001", "-/3/*/6 010401000000"],

        // The elements of a list are numbered by nft.
        ["elements-delete"] = [],
        ["elements-delete-interval"] = [],

        // For itself nft notes how types were written down and whether adjacent intervals are to be merged.
        ["set-add-concatenated"] = ["-/13 000400000000030800040d0000000100", "+/13 000400000000"],
        ["set-add-concatenated-interval"] = ["-/13 000400000000030800040d0000000100", "+/13 000400000000"],
        ["map-add"] = ["-/13 000402000000010401000000060400000000", "+/13 000402000000010401000000"],
        ["map-add-verdict"] = ["-/13 000400000000010400000000030800040d0000000100060400000000", "+/13 000400000000010400000000"],

        // A counter's name without its terminating zero is the same to the kernel.
        ["rule-add-1"] = ["-/4/1/2/4 00000001", "-/4/1/2/2 64726f70706564", "+/4/1/2/2 64726f7070656400"],

        // Here nft names the default operation, there it does not.
        ["rule-add-3"] = ["-/4/1/2/6 00000000"],
        ["rule-add-4"] = ["-/4/1/2/6 00000000", "-/4/1/2/4 00000005"],

        // The same attributes in another order; an attribute without a payload.
        ["set-add-fields"] = [],
        ["set-flush"] = [],
        ["dump-elements"] = [],
        ["counter-delete"] = [],

        // nft lists objects of every kind.
        ["dump-counters"] = ["+/3 00000001"],
    };

    public static TheoryData<string> Names => [.. Captured.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Request_SameIntent_HasTheBytesOfNft(string name)
    {
        byte[] theirs = Captured[name];
        byte[] ours = NftRequests.Encode(name);

        if (!Differences.TryGetValue(name, out string[]? differences))
        {
            Assert.Equal(Convert.ToHexStringLower(theirs), Convert.ToHexStringLower(ours));
        }
        else
        {
            Assert.Equal<string>(
                differences, [.. Missing(theirs, ours).Select(line => "-" + line), .. Missing(ours, theirs).Select(line => "+" + line)]);
        }
    }

    [Fact]
    public void GoldenFile_HasARowForEveryRequestAndNoOther() => Assert.Equal(NftRequests.Names.Order(), Captured.Keys.Order());

    /// <summary>What one frame has more of than the other.</summary>
    private static List<string> Missing(byte[] frame, byte[] other)
    {
        List<string> rest = Describe(other);
        return [.. Describe(frame).Where(line => !rest.Remove(line))];
    }

    private static List<string> Describe(byte[] frame)
    {
        var header = MemoryMarshal.Read<nlmsghdr>(frame);
        List<string> lines =
        [
            $"type {header.nlmsg_type} flags {header.nlmsg_flags:x}",
            $"header {Convert.ToHexStringLower(frame.AsSpan(LinuxNetlink.NLMSG_HDRLEN, 4))}",
        ];
        Add(lines, "", frame.AsSpan(LinuxNetlink.NLMSG_HDRLEN + 4));
        return lines;
    }

    private static void Add(List<string> lines, string path, ReadOnlySpan<byte> attributes)
    {
        while (attributes.Length >= LinuxNetlink.NLA_HDRLEN)
        {
            var header = MemoryMarshal.Read<nlattr>(attributes);
            bool isNested = (header.nla_type & LinuxNetlink.NLA_F_NESTED) != 0;
            int type = header.nla_type & LinuxNetlink.NLA_TYPE_MASK;
            ReadOnlySpan<byte> value = attributes[LinuxNetlink.NLA_HDRLEN..header.nla_len];
            if (isNested)
                Add(lines, path == "/3" ? "/3/*" : $"{path}/{type}", value); // nft numbers the elements of a list, which the kernel does not look at
            else
                lines.Add($"{path}/{type} {Convert.ToHexStringLower(value)}");
            attributes = attributes[Math.Min(LinuxNetlink.NLMSG_ALIGN(header.nla_len), attributes.Length)..];
        }
    }
}
