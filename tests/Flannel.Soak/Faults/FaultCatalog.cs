using System.Globalization;
using Flannel.Lab.Etcd;
using Flannel.Soak.Agents;

namespace Flannel.Soak.Faults;

/// <summary>The faults of the table of docs/reliability.md that can happen to a running cluster.</summary>
internal sealed class FaultCatalog(SoakCluster cluster, SoakOptions options)
{
    private const string Root = "/coreos.com/network";

    /// <summary>Those that apply to the backend.</summary>
    public IReadOnlyList<Fault> All() => [.. Store(), .. Documents(), .. Processes(), .. Kernel()];

    private EtcdServer Etcd => cluster.Etcd;

    private IEnumerable<Fault> Store() =>
    [
        new("one member of etcd is killed", "1", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            EtcdMember member = Etcd.Members[random.Next(Etcd.Members.Count)];
            await member.KillAsync();
            await HoldAsync(random, 2, 8);
            await Etcd.RestartAsync(member);
            return null;
        }),
        new("one member of etcd stands still", "1", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            EtcdMember member = Etcd.Members[random.Next(Etcd.Members.Count)];
            await member.FreezeAsync();
            await HoldAsync(random, 5, 20);
            await member.ThawAsync();
            return null;
        }),
        new("all of etcd is killed", "2", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            await Etcd.KillAllAsync();
            await HoldAsync(random, 5, 20);
            await Etcd.RestartAllAsync();
            return null;
        }),
        new("all of etcd stands still", "2 and 5", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            foreach (EtcdMember member in Etcd.Members) await member.FreezeAsync();
            await HoldAsync(random, 5, 25);
            foreach (EtcdMember member in Etcd.Members) await member.ThawAsync();
            return null;
        }),
        new(
            "etcd is compacted while an agent stands still",
            "4",
            Target.Disturbable,
            Loses: options.AgentsCarryPackets,
            Holds: true,
            async (agent, random) =>
        {
            await agent.PauseAsync();
            for (int i = 0; i < 5; i++) await Etcd.RunAsync("put", $"{Root}/elsewhere", $"{i}");
            string status = await Etcd.RunAsync("get", $"{Root}/elsewhere", "--write-out=json");
            string revision = status.Split("\"revision\":")[1].Split(',')[0];
            await Etcd.RunAsync("compact", revision);
            await HoldAsync(random, 1, 3);
            await agent.ResumeAsync();
            return null;
        }),
    ];

    private IEnumerable<Fault> Documents() =>
    [
        new("documents that nobody can read appear", "26", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            await Etcd.RunAsync("put", $"{Root}/subnets/10.5.251.0-24", "{\"PublicIP\":\"192.168.100.77\",");
            await Etcd.RunAsync("put", $"{Root}/subnets/10.5.x.0-24", "{}");
            await Etcd.RunAsync("put", $"{Root}/subnets/", new string('x', 2000));
            await HoldAsync(random, 1, 3);
            await Etcd.RunAsync("del", $"{Root}/subnets/10.5.251.0-24");
            await Etcd.RunAsync("del", $"{Root}/subnets/10.5.x.0-24");
            await Etcd.RunAsync("del", $"{Root}/subnets/");
            return null;
        }),
        new("leases that break the rules appear", "27 to 29", Target.Any, Loses: false, Holds: true, async (agent, random) =>
        {
            string[] keys = ["8.8.8.0-24", "128.0.0.0-1", "192.168.100.0-24", "10.5.0.0-17", "10.5.252.0-24", "10.5.253.0-24"];
            string[] addresses = ["192.168.100.77", "192.168.100.77", "192.168.100.77", "192.168.100.77", "224.0.0.1", $"{agent.Host.Address}"];
            for (int i = 0; i < keys.Length; i++)
            {
                await Etcd.RunAsync(
                    "put", $"{Root}/subnets/{keys[i]}",
                    $$$"""{"PublicIP":"{{{addresses[i]}}}","PublicIPv6":null,"BackendType":"{{{options.Backend}}}","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:0{{{i}}}"}}""");
            }

            await HoldAsync(random, 1, 3);
            foreach (string key in keys) await Etcd.RunAsync("del", $"{Root}/subnets/{key}");
            return null;
        }),
        new("the configuration is written again", "23", Target.None, Loses: false, Holds: true, async (_, random) =>
        {
            await Etcd.RunAsync("put", $"{Root}/config", $" {cluster.Config}\n");
            await HoldAsync(random, 1, 2);
            return null;
        }),
        new("an operator deletes a lease", "8", Target.Any, Loses: true, Holds: false, async (agent, _) =>
        {
            await Etcd.RunAsync("del", $"{Root}/subnets/{agent.Subnet.BaseAddress}-{agent.Subnet.PrefixLength}");
            return null;
        }),
    ];

    private IEnumerable<Fault> Processes() =>
    [
        new("an agent is killed", "13", Target.Disturbable, Loses: options.AgentsCarryPackets, Holds: true, async (agent, random) =>
        {
            await agent.KillAsync();
            await HoldAsync(random, 0, 4);
            agent.Launch();
            return null;
        }),
        new("an agent is stopped", "14", Target.Disturbable, Loses: options.AgentsCarryPackets, Holds: true, async (agent, random) =>
        {
            string? problem = await agent.StopAsync();
            await HoldAsync(random, 0, 4);
            agent.Launch();
            return problem;
        }),
        new("an agent stands still", "12", Target.Disturbable, Loses: options.AgentsCarryPackets, Holds: true, async (agent, random) =>
        {
            await agent.PauseAsync();
            await HoldAsync(random, 3, 15);
            await agent.ResumeAsync();
            return null;
        }),
    ];

    private IEnumerable<Fault> Kernel()
    {
        yield return new(
            "the packet filter is emptied",
            "22",
            Target.Any,
            Loses: false,
            Holds: false,
            async (agent, _) => await RunAsync(agent, "nft flush ruleset"));
        yield return new("thousands of routes come and go elsewhere", "31", Target.Any, Loses: false, Holds: false, async (agent, _) =>
        {
            string add = string.Join('\n', Enumerable.Range(0, 4000).Select(static i => $"route add 172.30.{i / 250}.{i % 250}/32 dev lo table 99"));
            string file = Path.GetTempFileName();
            await File.WriteAllTextAsync(file, $"{add}\n");
            string? problem = await RunAsync(agent, $"ip -batch {file}; ip route flush table 99");
            File.Delete(file);
            return problem;
        });
        yield return new("the external interface has another MTU for a while", "25", Target.Any, Loses: false, Holds: true, async (agent, random) =>
        {
            string? problem = await RunAsync(agent, "ip link set eth0 mtu 1400");
            await HoldAsync(random, 1, 3);
            return problem ?? await RunAsync(agent, "ip link set eth0 mtu 1500");
        });
        yield return new("the external interface is down for a while", "20", Target.Any, Loses: true, Holds: true, async (agent, random) =>
        {
            string? problem = await RunAsync(agent, "ip link set eth0 down");
            await HoldAsync(random, 1, 6);
            return problem ?? await RunAsync(agent, "ip link set eth0 up; ip route replace default via 192.168.100.254 2>/dev/null || true");
        });
        yield return new("the external interface loses its address for a while", "20", Target.Any, Loses: true, Holds: true, async (agent, random) =>
        {
            string? problem = await RunAsync(agent, $"ip addr del {agent.Host.Address}/24 dev eth0");
            await HoldAsync(random, 1, 4);
            return problem ?? await RunAsync(agent, $"ip addr add {agent.Host.Address}/24 dev eth0");
        });
        yield return new("routes are flushed", "18", Target.Any, Loses: true, Holds: false, async (agent, _) =>
            await RunAsync(agent, agent.Device is { } device ? $"ip route flush dev {device}" : "ip route flush dev eth0 root 10.5.0.0/16"));
        if (options.Backend == "host-gw") yield break;

        yield return new(
            "the device is deleted",
            options.Backend == "udp" ? "34" : "16",
            Target.Any,
            Loses: true,
            Holds: false,
            async (agent, _) => await RunAsync(agent, $"ip link del {agent.Device}"));
        yield return new(
            "the device is set down",
            "16",
            Target.Any,
            Loses: true,
            Holds: false,
            async (agent, _) => await RunAsync(agent, $"ip link set {agent.Device} down"));
        // The last address of a device takes its routes along (fib_frontend.c).
        yield return new(
            "the device loses its address",
            "18",
            Target.Any,
            Loses: true,
            Holds: false,
            async (agent, _) => await RunAsync(agent, $"ip addr flush dev {agent.Device}"));
        if (options.Backend != "vxlan") yield break;

        yield return new("the device gets another MAC address", "17", Target.Any, Loses: true, Holds: false, async (agent, random) =>
            await RunAsync(agent, $"ip link set {agent.Device} address 02:aa:bb:cc:dd:{random.Next(256):x2}"));
        yield return new(
            "neighbours are flushed",
            "18",
            Target.Any,
            Loses: true,
            Holds: false,
            async (agent, _) => await RunAsync(agent, $"ip neigh flush nud all dev {agent.Device}"));
        yield return new("forwarding entries are deleted", "18", Target.Any, Loses: true, Holds: false, async (agent, _) =>
            await RunAsync(agent, $"bridge fdb show dev {agent.Device} | while read mac rest; do bridge fdb del $mac dev {agent.Device}; done"));
    }

    /// <returns>What went wrong with the commands, or <see langword="null"/>.</returns>
    private static async Task<string?> RunAsync(SoakAgent agent, string commands)
    {
        try
        {
            await agent.Host.ExecAsync("sh", "-c", commands);
            return null;
        }
        catch (InvalidOperationException exception)
        {
            return exception.Message;
        }
    }

    private static Task HoldAsync(Random random, int least, int most) =>
        Task.Delay(TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least))));

    /// <summary>The faults by name, for the report.</summary>
    public static string Describe(Fault fault) => string.Create(CultureInfo.InvariantCulture, $"{fault.Name} (row {fault.Rows})");
}
