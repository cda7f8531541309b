using Flannel.Netlink.Tests.Route;

namespace Flannel.Netlink.Tests.Golden;

/// <summary>Our requests against those iproute2 sends for the same intent.</summary>
public class Iproute2RequestTests
{
    private static readonly IReadOnlyDictionary<string, byte[]> Captured = GoldenFile.Load("iproute2-requests");

    /// <summary>Attributes and headers that differ on purpose: those iproute2 sends and we do not (-), and the other way round (+).</summary>
    private static readonly Dictionary<string, string[]> Differences = new()
    {
        // A VXLAN device here has no queue, and says what it wants of every option instead of relying on the kernel's defaults.
        ["link-add-vxlan"] = ["+/18/2/5 00", "+/18/2/6 00", "+/18/2/11 00", "+/18/2/12 00", "+/18/2/13 00", "+/18/2/14 00"],
        ["link-add-vxlan6"] = ["+/13 00000000", "+/18/2/5 00", "+/18/2/6 00", "+/18/2/11 00", "+/18/2/12 00", "+/18/2/13 00", "+/18/2/14 00"],

        // iproute2 gives a veth's peer no MTU; here both ends get the same unless told otherwise. 24 bytes of the peer: ifinfomsg and name.
        ["link-add-veth"] =
        [
            "-/18/2/1 000000000000000000000000000000000700030076310000",
            "+/18/2/1 0000000000000000000000000000000007000300763100000800040078050000",
        ],

        // iproute2 asks for virtual functions (IFLA_EXT_MASK), which are of no use here, and names AF_PACKET as family.
        ["link-show"] = ["-/29 01000000", "-header 11000000000000000000000000000000", "+header 00000000000000000000000000000000"],

        // NUD_NOARP beside NUD_PERMANENT is how iproute2 spells "permanent"; the kernel wants either.
        ["fdb-replace"] = ["-header 0700000004000000c0000200", "+header 070000000400000080000200"],
        ["fdb-del"] = ["-header 0700000004000000c0000200", "+header 070000000400000080000200"],

        // The state of a neighbour to delete is not looked at.
        ["neigh-del"] = ["-header 020000000400000080000000", "+header 020000000400000000000000"],
    };

    public static TheoryData<string> Names => [.. Captured.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Request_SameIntent_SaysTheSameAsIproute2(string name)
    {
        byte[] theirs = Captured[name];
        int header = HeaderSize(theirs);
        SortedSet<string> expected = FrameText.Describe(Normalise(theirs), header);
        SortedSet<string> actual = FrameText.Describe(Normalise(Requests.Encode(name)), header);

        IEnumerable<string> missing = expected.Except(actual).Select(line => "-" + line);
        IEnumerable<string> differences = missing.Concat(actual.Except(expected).Select(line => "+" + line));

        Assert.Equal(Differences.GetValueOrDefault(name, []).Order(StringComparer.Ordinal), differences.Order(StringComparer.Ordinal));
    }

    /// <summary>The flags that the socket sets when it sends are left out: NLM_F_ACK, and NLM_F_DUMP for requests that list.</summary>
    private static byte[] Normalise(byte[] frame)
    {
        byte[] copy = [.. frame];
        copy[6] &= unchecked((byte)~4);
        bool lists = (copy[4] & 3) == 2; // RTM_GET* are 2 modulo 4
        if (lists)
            copy[7] = 0;
        return copy;
    }

    private static int HeaderSize(byte[] frame) => (frame[4] & ~3) switch
    {
        16 => 16,
        20 => 8,
        24 => 12,
        28 => 12,
        104 => 8,
        int type => throw new InvalidOperationException($"type {type}"),
    };
}
