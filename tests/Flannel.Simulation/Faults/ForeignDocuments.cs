namespace Flannel.Simulation.Faults;

/// <summary>What others write into the store.</summary>
internal static class ForeignDocuments
{
    private const string Good = """{"PublicIP":"192.168.200.9","BackendType":"sim","BackendData":{"VtepMAC":"02:00:00:02:00:09"}}""";

    // None of these may ever reach a kernel.
    private static readonly (string Key, string Document)[] Strays =
    [
        ("8.8.8.0-24", Good),
        ("0.0.0.0-0", Good),
        ("10.5.0.0-16", Good),
        ("10.4.0.0-15", Good),
        ("192.168.100.0-24", Good),
        ("garbage", "garbage"),
        ("10.5.250.0-33", Good),
        ("10.5.250.0-24", "{"),
        ("10.5.251.0-24", """{"PublicIP":"224.0.0.1","BackendType":"sim","BackendData":{"VtepMAC":"02:00:00:02:00:09"}}"""),
        ("10.5.252.0-24", """{"PublicIP":"127.0.0.1","BackendType":"sim","BackendData":{"VtepMAC":"02:00:00:02:00:09"}}"""),
        ("10.5.253.0-24", """{"PublicIP":"10.5.1.1","BackendType":"sim","BackendData":{"VtepMAC":"02:00:00:02:00:09"}}"""),
        ("10.5.254.0-24", """{"PublicIP":"192.168.200.9","BackendType":"sim","BackendData":{"VtepMAC":"01:00:5e:00:00:01"}}"""),
        ("10.5.255.0-24", """{"PublicIP":"192.168.200.9","BackendType":"other","BackendData":{"VtepMAC":"02:00:00:02:00:09"}}"""),
        ("10.5.249.0-24", """{"PublicIP":"192.168.200.9","BackendType":"sim","BackendData":{"VtepMAC":7}}"""),
        ("10.5.248.0-24", """{"PublicIP":"192.168.200.9","BackendType":"sim"}"""),
    ];

    /// <summary>A key that is no lease, or a lease that every node refuses.</summary>
    public static (string Key, string Document) DrawStray(Random random) => Strays[random.Next(Strays.Length)];

    /// <summary>A subnet for a lease of another program: one host's, or one that spans several.</summary>
    public static string DrawSubnet(Random random) => random.Next(4) == 0 ? $"10.5.{random.Next(4) * 64}.0-18" : $"10.5.{random.Next(240)}.0-24";

    /// <summary>A sound lease of another host; some share a hardware address.</summary>
    public static string Draw(Random random) =>
        $$$"""{"PublicIP":"192.168.200.{{{10 + random.Next(40)}}}","BackendType":"sim","BackendData":{"VtepMAC":"02:00:00:02:00:{{{random.Next(6):x2}}}"}}""";
}
