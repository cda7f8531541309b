using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Text.RegularExpressions;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Addresses;
using Flannel.Netlink.Route.Links;
using Flannel.Netlink.Route.Monitoring;
using Flannel.Netlink.Route.Neighbours;
using Flannel.Netlink.Route.Routes;
using Flannel.Netlink.Tests.Kernel;

namespace Flannel.Netlink.Tests;

/// <summary>The samples of the package's README, compiled, run, and compared line by line with what the README shows.</summary>
public class ReadmeTests
{
    [SkippableFact]
    public void FirstSample_Works() => IsolatedNamespace.Run(() =>
    {
        using (RouteNetlink lab = RouteNetlink.Open())
        {
            Link link = lab.CreateLink(new VethLinkSpec("eth0", "eth0p") { IsUp = true });
            lab.AddAddress(new InterfaceAddress { LinkIndex = link.Index, Address = IPAddress.Parse("192.0.2.1"), PrefixLength = 24 });
        }

        FirstSample(
            IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"), PhysicalAddress.Parse("02-00-00-00-00-02"), IPNetwork.Parse("10.1.0.0/16"));

        using RouteNetlink netlink = RouteNetlink.Open();
        Link vx0 = netlink.FindLink("vx0")!;
        Assert.Single(netlink.GetFdb(vx0.Index));
        Assert.Equal(vx0.Index, netlink.ResolveRoute(IPAddress.Parse("10.1.2.3"))!.LinkIndex);
    });

    [SkippableFact]
    public void SecondSample_EndsWhenCancelled() => IsolatedNamespace.Run(() =>
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => SecondSample(cancellation.Token).GetAwaiter().GetResult());
    });

    [SkippableFact]
    public void ThirdSample_IsListedByNft() => IsolatedNamespace.Run(() =>
    {
        ThirdSample(IPAddress.Parse("192.0.2.2"));

        using Process nft = Process.Start(new ProcessStartInfo("nft", ["-s", "list", "ruleset"]) { RedirectStandardOutput = true })!;
        Assert.Contains("udp dport 8472 ip saddr != @peers counter drop", nft.StandardOutput.ReadToEnd(), StringComparison.Ordinal);
        nft.WaitForExit();
    });

    [Fact]
    public void Readme_ShowsWhatIsCompiledHere()
    {
        HashSet<string> compiled = [.. ReadResource("ReadmeTests.cs").Split('\n').Select(line => line.Trim())];
        string[] shown = [.. Regex.Matches(ReadResource("README.md"), "```csharp\n(.*?)```", RegexOptions.Singleline)
            .SelectMany(match => match.Groups[1].Value.Split('\n'))
            .Select(line => line.Trim())
            .Where(line => line.Length > 0)];

        Assert.True(shown.Length >= 10);
        Assert.All(shown, line => Assert.Contains(line, compiled));
    }

    private static void FirstSample(IPAddress local, IPAddress peer, PhysicalAddress peerMac, IPNetwork peerNetwork)
    {
        #region first
        using RouteNetlink netlink = RouteNetlink.Open(); // in the calling thread's network namespace, for life
        Link eth0 = netlink.FindLink("eth0") ?? throw new InvalidOperationException("there is no eth0");
        Link vx0 = netlink.CreateLink(new VxlanLinkSpec("vx0") { Id = 42, ParentIndex = eth0.Index, Local = local, IsUp = true });

        var batch = new RouteBatch(); // thousands of requests in a few system calls
        batch.ReplaceFdb(new FdbEntry { LinkIndex = vx0.Index, Address = peerMac, Destination = peer });
        batch.ReplaceRoute(new RouteEntry { Destination = peerNetwork, LinkIndex = vx0.Index, Scope = RouteScope.Link });
        foreach ((int index, NetlinkException error) in netlink.Execute(batch))
            Console.WriteLine($"request {index} was refused: {error.Message}");
        #endregion
    }

    private static async Task SecondSample(CancellationToken cancellationToken)
    {
        #region second
        using RouteMonitor monitor = RouteMonitor.Open(); // listens from here on
        await foreach (RouteNotification change in monitor.WatchAsync(cancellationToken))
            Console.WriteLine(change is Resynchronise ? "events were lost: list everything again" : change.ToString());
        #endregion
    }

    private static void ThirdSample(IPAddress peer)
    {
        #region third
        using NftablesNetlink nftables = NftablesNetlink.Open();
        var peers = new NftSet(NftFamily.Inet, "guard", "peers") { Key = [NftDataType.IPv4Address] };
        var filter = new NftablesBatch(); // one transaction: all of it or nothing
        filter.ReplaceTable(new NftTable(NftFamily.Inet, "guard") { Comment = "who may send to the tunnel" });
        filter.AddSet(peers);
        filter.AddElements(peers, [NftElement.Of(peer)]);
        filter.AddChain(new NftChain(NftFamily.Inet, "guard", "input") { Base = new NftBaseChain(NftChainType.Filter, NftHook.Input, Priority: 0) });
        filter.AddRule(new NftRule(NftFamily.Inet, "guard", "input") // udp dport 8472 ip saddr != @peers counter drop
        {
            Expressions =
            [
                .. NftMatch.Is(NftField.TransportProtocol, NftValue.OfByte(17)),
                .. NftMatch.Is(NftField.DestinationPort, NftValue.OfNetworkUInt16(8472)),
                .. NftMatch.Is(NftField.NetworkProtocol, NftValue.OfByte((byte)NftFamily.IPv4)),
                .. NftMatch.NotInSet("peers", NftField.IPv4Source),
                new NftCount(),
                NftVerdict.Drop,
            ],
        });
        nftables.Execute(filter);
        #endregion
    }

    private static string ReadResource(string name)
    {
        using var reader = new StreamReader(typeof(ReadmeTests).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}
