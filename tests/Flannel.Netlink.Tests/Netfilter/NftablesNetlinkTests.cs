using System.Diagnostics;
using System.Net;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;
using Flannel.Netlink.Tests.Kernel;
using Xunit.Abstractions;

namespace Flannel.Netlink.Tests.Netfilter;

/// <summary>Against a real kernel in a namespace of its own.</summary>
public class NftablesNetlinkTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Table_OfEverything_IsReadAsItWasWritten() => IsolatedNamespace.Run(() =>
    {
        using NftablesNetlink nftables = NftablesNetlink.Open();

        nftables.Execute(GuardTable.Add());

        output.WriteLine(Nft("list", "ruleset"));
        Assert.Equal([GuardTable.Table], nftables.GetTables());
        Assert.Equal(GuardTable.Chains, nftables.GetChains(GuardTable.Family, GuardTable.Name));
        Assert.Equal([GuardTable.Dropped], nftables.GetCounters(GuardTable.Family, GuardTable.Name));
        Assert.Equal(GuardTable.Sets.OrderBy(set => set.Name), nftables.GetSets(GuardTable.Family, GuardTable.Name).OrderBy(set => set.Name));
        Assert.Equal(GuardTable.Rules, nftables.GetRules(GuardTable.Family, GuardTable.Name));
        Assert.All(
            GuardTable.Sets,
            set => Assert.Equal(GuardTable.Elements(set).ToHashSet(), nftables.GetElements(set).ToHashSet()));
    });

    [SkippableFact]
    public void Table_OfEverything_IsListedByNftInItsWords() => IsolatedNamespace.Run(() =>
    {
        using NftablesNetlink nftables = NftablesNetlink.Open();

        nftables.Execute(GuardTable.Add());

        Assert.Equal(
            """
            table inet guard {
            	comment "peers only"
            	counter dropped {
            		comment "not a peer"
            	}

            	set peers4 {
            		type ipv4_addr
            		comment "who may send"
            		elements = { 192.0.2.1, 192.0.2.2 }
            	}

            	set peers6 {
            		type ipv6_addr
            		elements = { 2001:db8::1 }
            	}

            	set networks {
            		type ipv4_addr
            		flags interval
            		elements = { 10.0.0.0/8, 11.0.0.0/8,
            			     192.0.2.1, 240.0.0.0/4 }
            	}

            	set inner {
            		type ether_addr . ipv4_addr
            		flags interval
            		elements = { 02:00:00:00:00:01 . 10.0.1.0/24,
            			     02:00:00:00:00:02 . 10.0.2.0/24 }
            	}

            	set subnets {
            		type ether_addr . ipv4_addr
            		elements = { 02:00:00:00:00:01 . 10.0.1.0,
            			     02:00:00:00:00:02 . 10.0.2.0 }
            	}

            	map marks {
            		type ipv4_addr : mark
            		elements = { 192.0.2.1 : 0x00000005 }
            	}

            	map verdicts {
            		type ipv4_addr . inet_service : verdict
            		elements = { 192.0.2.1 . 80 : drop,
            			     192.0.2.1 . 81 : jump other }
            	}

            	chain other {
            		counter accept
            	}

            	chain outer {
            		comment "what comes to the tunnel"
            		type filter hook prerouting priority raw - 10; policy accept;
            		udp dport 8472 ip saddr != @peers4 counter name "dropped" drop comment "not a peer"
            		iifname "flannel.1" ether saddr . ip saddr @inner jump other
            		iif "lo" meta mark & 0x00004000 == 0x00004000 limit rate 5/second counter return
            		ether saddr . ip saddr & 255.255.255.0 @subnets accept
            		fib saddr type local drop
            	}

            	chain closed {
            		type filter hook forward priority filter; policy drop;
            		ct state established,related accept
            		oif "lo" ip6 saddr @peers6 accept
            	}

            	chain leaving {
            		type nat hook postrouting priority srcnat; policy accept;
            		ip saddr 10.5.0.0/20 ip daddr != 224.0.0.0/4 masquerade fully-random
            	}
            }

            """,
            Nft("-s", "list", "ruleset"));
    });

    [SkippableFact]
    public void Execute_OneRequestRefused_ChangesNothingAndNamesIt() => IsolatedNamespace.Run(() =>
    {
        using NftablesNetlink nftables = NftablesNetlink.Open();
        nftables.Execute(GuardTable.Add());
        string before = Nft("-a", "list", "ruleset");
        var batch = new NftablesBatch();
        batch.AddElements(GuardTable.Peers, [NftElement.Of(IPAddress.Parse("192.0.2.3"))]);
        batch.FlushChain(GuardTable.Family, GuardTable.Name, "outer");
        int wrong = batch.DeleteElements(GuardTable.Peers, [NftElement.Of(IPAddress.Parse("192.0.2.1")), NftElement.Of(IPAddress.Parse("192.0.2.9"))]);
        int wrongAsWell = batch.DeleteChain(GuardTable.Family, GuardTable.Name, "nowhere");
        batch.AddChain(new NftChain(GuardTable.Family, GuardTable.Name, "another"));

        var refusal = Assert.Throws<NetlinkException>(() => nftables.Execute(batch));

        Assert.Equal((2, 3, "ENOENT", true), (wrong, wrongAsWell, refusal.ErrorName, refusal.IsNotFound));
        Assert.Equal(wrong, refusal.RequestIndex);
        Assert.Equal("NFT_MSG_DELSETELEM inet guard peers4 c0000201 and 1 more", refusal.Operation);
        Assert.Equal(before, Nft("-a", "list", "ruleset"));
        batch.Clear();
        batch.AddElements(GuardTable.Peers, [NftElement.Of(IPAddress.Parse("192.0.2.3"))]);
        nftables.Execute(batch); // answers of the refused one are not taken for those of this one
        Assert.Equal(3, nftables.GetElements(GuardTable.Peers).Count);
    });

    [SkippableTheory]
    [InlineData(5_000)]
    [InlineData(10_000)]
    public void Execute_ManyElements_AreOneTransactionAndReadBackEqual(int count) => IsolatedNamespace.Run(() =>
    {
        using NftablesNetlink nftables = NftablesNetlink.Open();
        nftables.Execute(GuardTable.Add());
        NftElement[] inner = [.. Enumerable.Range(1, count).Select(GuardTable.InnerElement)];
        NftElement[] peers = [.. Enumerable.Range(1, count).Select(n => NftElement.Of(new IPAddress([172, 16, (byte)(n >> 8), (byte)n])))];
        NftElement[] networks = [.. Enumerable.Range(1, count).Select(n => NftElement.Of(new IPNetwork(new IPAddress([172, (byte)(n >> 8), (byte)n, 0]), 25)))];
        (NftSet, NftElement[])[] all = [(GuardTable.Inner, inner), (GuardTable.Subnets, [.. Enumerable.Range(1, count).Select(GuardTable.SubnetElement)]), (GuardTable.Peers, peers), (GuardTable.Networks, networks)];
        foreach ((NftSet set, NftElement[] elements) in all)
        {
            var batch = new NftablesBatch();
            batch.FlushSet(set);
            batch.AddElements(set, elements);
            uint generation = nftables.GetGeneration();
            var watch = Stopwatch.StartNew();
            nftables.Execute(batch);
            output.WriteLine($"{count} elements of {set.Name} in {watch.Elapsed.TotalMilliseconds:0.0} ms");
            Assert.Equal(generation + 1, nftables.GetGeneration());
            watch.Restart();
            Assert.Equal(elements.ToHashSet(), nftables.GetElements(set).ToHashSet());
            output.WriteLine($"read back in {watch.Elapsed.TotalMilliseconds:0.0} ms");

            NftElement last = elements[^1];
            var best = TimeSpan.MaxValue;
            for (int i = 0; i < 20; i++)
            {
                watch.Restart();
                batch.Clear();
                batch.DeleteElements(set, [last]);
                nftables.Execute(batch);
                batch.Clear();
                batch.AddElements(set, [last]);
                nftables.Execute(batch);
                if (watch.Elapsed < best)
                    best = watch.Elapsed;
            }

            output.WriteLine($"one deleted and added in {best.TotalMilliseconds:0.000} ms");
            Assert.Equal(elements.ToHashSet(), nftables.GetElements(set).ToHashSet());
        }
    });

    internal static string Nft(params string[] arguments)
    {
        using Process nft = Process.Start(new ProcessStartInfo("nft", arguments) { RedirectStandardOutput = true })!;
        string text = nft.StandardOutput.ReadToEnd();
        nft.WaitForExit();
        Assert.Equal(0, nft.ExitCode);
        return text;
    }
}
