using System.Net;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Pinging;
using Xunit.Abstractions;

namespace Flannel.Integration.Tests.Flanneld;

/// <summary>A host gets another address. Its agent's connections to etcd are from the former one, where nobody answers any more.</summary>
public sealed class AddressChangeTests(ITestOutputHelper output)
{
    // Five seconds are promised. Connections that are kept until the kernel gives them up cost 17 s and more.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(12);

    [NetnsTheory]
    [InlineData("vxlan")]
    [InlineData("udp")]
    [InlineData("host-gw")]
    public async Task Host_GetsAnotherAddress_IsPublishedAndPacketsFlow(string backend)
    {
        await using TwoHosts hosts = await TwoHosts.StartAsync($$$"""{"Network":"10.5.0.0/16","Backend":{"Type":"{{{backend}}}"}}""");
        await hosts.AssertPingsAsync();
        await using ContinuousPing ping = hosts.Containers[0].StartPinging(
            hosts.Containers[1].Address!, new PingOptions { Interval = TimeSpan.FromMilliseconds(20) });
        await ping.WaitForAnswersAsync(10);

        LabHost moved = hosts.Lab.Hosts[1];
        byte[] bytes = moved.Address!.GetAddressBytes();
        bytes[3] += 100;
        var address = new IPAddress(bytes);
        long changing = TimeProvider.System.GetTimestamp();
        await moved.ExecAsync("ip", "-4", "addr", "flush", "dev", "eth0");
        await moved.ExecAsync("ip", "addr", "add", $"{address}/24", "dev", "eth0");

        await Overlay.Eventually.IsTrueAsync(
            async () => (await hosts.ReadDocumentAsync(1)).Contains($"\"PublicIP\":\"{address}\"", StringComparison.Ordinal),
            $"{address} is published");
        TimeSpan published = TimeProvider.System.GetElapsedTime(changing);
        await ping.WaitForAnswersAsync(100);
        PingReport report = await ping.StopAsync();
        output.WriteLine($"{backend}: published after {published.TotalSeconds:0.0} s, silent for {report.LongestSilence.TotalSeconds:0.0} s");
        Assert.InRange(published, TimeSpan.Zero, Limit);
        Assert.InRange(report.LongestSilence, TimeSpan.Zero, Limit);
    }
}
