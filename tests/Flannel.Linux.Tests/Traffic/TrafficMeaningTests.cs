using System.Net;
using System.Net.Sockets;
using Flannel.Lab.Namespaces;

namespace Flannel.Linux.Tests.Traffic;

/// <summary>
/// What the rules do to packets: the same for both packet filters and both address families. The receiver tells which source it saw.
/// </summary>
public sealed class TrafficMeaningTests
{
    public static TheoryData<PacketFilter, AddressFamily> Kinds => new()
    {
        { PacketFilter.Iptables, AddressFamily.InterNetwork },
        { PacketFilter.Iptables, AddressFamily.InterNetworkV6 },
        { PacketFilter.Nftables, AddressFamily.InterNetwork },
        { PacketFilter.Nftables, AddressFamily.InterNetworkV6 },
    };

    [NetnsTheory]
    [MemberData(nameof(Kinds))]
    public async Task Source_SeenByTheReceiver_IsWhatThePolicySays(PacketFilter filter, AddressFamily family)
    {
        await using TrafficLab lab = await TrafficLab.CreateAsync(family);
        await using KeptRules kept = await KeptRules.StartAsync(filter, lab.Policy);

        Dictionary<string, IPAddress?> seen = new()
        {
            ["pod to outside"] = lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress),
            ["pod to remote pod"] = lab.SourceSeen(lab.Pod, null, lab.RemotePod, lab.RemotePodAddress),
            ["remote pod to pod"] = lab.SourceSeen(lab.RemotePod, null, lab.Pod, lab.PodAddress),
            ["host to remote pod"] = lab.SourceSeen(lab.Host, lab.OtherHostAddress, lab.RemotePod, lab.RemotePodAddress),
            ["host to own pod"] = lab.SourceSeen(lab.Host, lab.OtherHostAddress, lab.Pod, lab.PodAddress),
            ["host to outside"] = lab.SourceSeen(lab.Host, lab.OtherHostAddress, lab.Outside, lab.OutsideAddress),
            ["outside to pod"] = lab.SourceSeen(lab.Outside, lab.OutsideAddress, lab.Pod, lab.PodAddress),
            ["pod to outside, marked"] = lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress, TrafficLab.MarkedPort),
            ["pod to outside, other bits marked"] = lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress, TrafficLab.OtherwiseMarkedPort),
            ["pod to excluded"] = lab.SourceSeen(lab.Pod, null, lab.Outside, lab.ExcludedAddress),
        };

        Assert.Equal(
            new Dictionary<string, IPAddress?>
            {
                ["pod to outside"] = lab.HostAddress,
                ["pod to remote pod"] = lab.PodAddress,
                ["remote pod to pod"] = lab.RemotePodAddress,
                ["host to remote pod"] = lab.HostAddress,
                ["host to own pod"] = lab.OtherHostAddress,
                ["host to outside"] = lab.OtherHostAddress,
                ["outside to pod"] = lab.OutsideAddress,
                ["pod to outside, marked"] = lab.PodAddress,
                ["pod to outside, other bits marked"] = lab.HostAddress,
                ["pod to excluded"] = lab.PodAddress,
            },
            seen);
    }

    [NetnsTheory]
    [MemberData(nameof(Kinds))]
    public async Task Masquerade_NotAsked_LeavesEverySource(PacketFilter filter, AddressFamily family)
    {
        await using TrafficLab lab = await TrafficLab.CreateAsync(family);
        await using KeptRules kept = await KeptRules.StartAsync(filter, lab.Policy with { Masquerade = false });

        Assert.Equal(lab.PodAddress, lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress));
        Assert.Equal(lab.OtherHostAddress, lab.SourceSeen(lab.Host, lab.OtherHostAddress, lab.RemotePod, lab.RemotePodAddress));
    }

    [NetnsTheory]
    [InlineData(AddressFamily.InterNetwork)]
    [InlineData(AddressFamily.InterNetworkV6)]
    public async Task Forward_OnAHostThatDropsByDefault_LetsTheOverlayThrough(AddressFamily family)
    {
        await using TrafficLab lab = await TrafficLab.CreateAsync(family);
        await lab.Host.ExecAsync(family == AddressFamily.InterNetwork ? "iptables" : "ip6tables", "-P", "FORWARD", "DROP");

        await using (await KeptRules.StartAsync(PacketFilter.Iptables, lab.Policy with { Forward = false }))
            Assert.Null(lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress, limit: TimeSpan.FromSeconds(1)));

        await using (await KeptRules.StartAsync(PacketFilter.Iptables, lab.Policy))
        {
            Assert.Equal(lab.HostAddress, lab.SourceSeen(lab.Pod, null, lab.Outside, lab.OutsideAddress));
            Assert.Equal(lab.OutsideAddress, lab.SourceSeen(lab.Outside, lab.OutsideAddress, lab.Pod, lab.PodAddress));
        }
    }
}
