using System.Net;
using Flannel.Extensibility;
using Flannel.Testing.Contracts;

namespace Flannel.Testing;

public abstract partial class BackendContract
{
    private static readonly string[] OddBlocks = ["{}", "not JSON", "{", "7", "[]", "null", "\"vxlan\"", ""];

    private static ContractCase<BackendContract>[] Asking =>
    [
        new(
            "Name_Always_IsLowerCase",
            "A backend has a name in lower case without blanks, always the same.",
            static backend => backend.HasAName()),
        new(
            "Questions_AboutAnyConfig_DoNotThrow",
            "CheckConfig, GetDeviceName, GetClaims, RefuseLiveChange and Owns answer for every configuration, also for one that breaks rules.",
            static backend => backend.AnswersForAnyConfig()),
        new(
            "CheckConfig_ConfigItStartsWith_HasNoProblems",
            "CheckConfig finds nothing wrong with a configuration that the backend can start with.",
            static backend => backend.AcceptsItsConfig()),
        new(
            "RefuseLiveChange_SameConfig_IsNone",
            "A network can follow a change that changes nothing.",
            static backend => backend.FollowsNoChange()),
        new(
            "Attributes_Created_PublishTheHostsAddresses",
            "A network publishes the public addresses of the external interface it was given.",
            static backend => backend.PublishesAddresses()),
        new(
            "Status_Created_HasAnMtuThatFits",
            "The overlay's MTU is positive and not larger than the external interface's.",
            static backend => backend.HasAnMtu()),
        new(
            "CheckPeer_GoodPeer_IsAccepted",
            "CheckPeer returns null for a peer that can be reached.",
            static backend => backend.AcceptsAPeer()),
        new(
            "CheckPeer_AnyPeer_DoesNotThrow",
            "CheckPeer never throws, whatever a peer publishes.",
            static backend => backend.JudgesAnyPeer()),
    ];

    private Task HasAName()
    {
        string name = Backend.Name;
        Expect.That(name.Length > 0 && name.All(static c => !char.IsWhiteSpace(c) && !char.IsUpper(c)), $"The name is '{name}'.");
        Expect.Same(name, Backend.Name, "The name when asked again");
        return Task.CompletedTask;
    }

    private Task AnswersForAnyConfig()
    {
        NetworkConfig good = Context.Config;
        NetworkConfig[] configs =
        [
            good,
            new NetworkConfig(),
            good with { Network = null, IPv6Network = null },
            good with { Backend = null },
            .. OddBlocks.Select(block => good with { Backend = block }),
            good with { Backend = """{"Type":7}""" },
            good with { Backend = $$"""{"Type":"{{Backend.Name}}","Port":-1,"VNI":"x","Psk":[],"MTU":1e99}""" },
        ];
        IPNetwork network = IPNetwork.Parse("10.5.3.0/24");
        HostPrefix[] prefixes =
        [
            new(network, "", IsAddress: false, Gateway: null),
            new(network, "eth0", IsAddress: false, IPAddress.Loopback),
            new(IPNetwork.Parse("fd00::/8"), "eth0", IsAddress: true, Gateway: null),
        ];
        foreach (NetworkConfig config in configs)
        {
            Expect.That(Backend.CheckConfig(config) is not null, "CheckConfig returned null.");
            Backend.GetDeviceName(config);
            Expect.That(Backend.GetClaims(config) is not null, "GetClaims returned null.");
            Backend.RefuseLiveChange(good, config);
            Backend.RefuseLiveChange(config, good);
            foreach (HostPrefix prefix in prefixes) Backend.Owns(prefix, config);
        }

        return Task.CompletedTask;
    }

    private Task AcceptsItsConfig()
    {
        IReadOnlyList<NetworkConfigProblem> problems = Backend.CheckConfig(Context.Config);
        Expect.That(problems.Count == 0, $"It found {string.Join("; ", problems)}.");
        return Task.CompletedTask;
    }

    private Task FollowsNoChange()
    {
        Expect.Same(null, Backend.RefuseLiveChange(Context.Config, Context.Config with { }), "The refusal");
        return Task.CompletedTask;
    }

    private async Task PublishesAddresses()
    {
        await using IBackendNetwork network = await CreateAsync();
        ExternalInterface external = Context.ExternalInterface;
        if (Context.Config.EnableIPv4) Expect.Same(external.PublicIP, network.Attributes.PublicIP, "PublicIP");
        if (Context.Config.EnableIPv6) Expect.Same(external.PublicIPv6, network.Attributes.PublicIPv6, "PublicIPv6");
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task HasAnMtu()
    {
        await using IBackendNetwork network = await CreateAsync();
        int mtu = network.Status.Mtu;
        Expect.That(mtu > 0 && mtu <= Context.ExternalInterface.Mtu, $"The MTU is {mtu} over {Context.ExternalInterface.Mtu}.");
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task AcceptsAPeer()
    {
        await using IBackendNetwork network = await StartAsync();
        Expect.Same(null, network.CheckPeer(Peer(network, 1)), "The refusal");
        await network.RemoveAsync(CancellationToken.None);
    }

    private async Task JudgesAnyPeer()
    {
        await using IBackendNetwork network = await StartAsync();
        LeaseAttributes good = NewPeer(1, network.Attributes);
        LeaseAttributes[] peers =
        [
            new(),
            good with { PublicIP = null, PublicIPv6 = null },
            good with { BackendType = "another" },
            good with { BackendType = null },
            good with { BackendData = null, BackendV6Data = null },
            good with { BackendData = "[]", BackendV6Data = "7" },
            good with { BackendData = """{"VtepMAC":7,"VNI":"x"}""", BackendV6Data = """{"VtepMAC":"no mac"}""" },
            network.Attributes,
        ];
        SubnetKey[] keys = [NewKey(1), new(IPNetwork.Parse("192.0.2.0/24"), null), new(null, IPNetwork.Parse("2001:db8::/64"))];
        foreach (LeaseAttributes attributes in peers)
        {
            foreach (SubnetKey key in keys) network.CheckPeer(new Lease { Key = key, Attributes = attributes });
        }

        await network.RemoveAsync(CancellationToken.None);
    }
}
