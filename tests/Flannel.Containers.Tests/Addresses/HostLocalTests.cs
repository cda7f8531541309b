using System.Diagnostics;
using System.Text.Json.Nodes;
using Flannel.Containers.Addresses;
using Flannel.Containers.Tests.Kernel;

namespace Flannel.Containers.Tests.Addresses;

/// <summary>Debian's host-local and ours in one directory.</summary>
public sealed class HostLocalTests
{
    private const string Program = "/usr/lib/cni/host-local";

    [SkippableFact]
    public async Task BothTakeTurns_InOneDirectory_AndNoAddressIsGivenTwice()
    {
        Skip.IfNot(File.Exists(Program), "Debian's containernetworking-plugins are not installed");
        await using var host = new Host();
        AddressDirectory ours = Open(host);
        AddressRange[] ranges = [.. host.Subnets.Select(subnet => new AddressRange(subnet))];
        List<string> given = [];
        for (int i = 0; i < 5; i++)
        {
            given.AddRange(ours.Reserve(new Owner($"ours-{i}", "eth0"), ranges, []).Addresses.Select(address => address.ToString()));
            given.AddRange(await AddAsync(host, $"theirs-{i}"));
        }

        Assert.Equal(20, given.Distinct().Count());
        Assert.Equal(Enumerable.Range(2, 10).Select(n => $"10.244.7.{n}"), given.Where(address => !address.Contains(':', StringComparison.Ordinal)));
        Assert.Equal(given.Order(StringComparer.Ordinal), host.AddressFiles);

        // Each gives back what the other one reserved.
        await RunAsync(host, "DEL", "ours-0");
        ours.Release(new Owner("theirs-0", "eth0"));
        Assert.Empty(ours.Find(new Owner("ours-0", "eth0")));
        Assert.Equal(16, host.AddressFiles.Length);
        await RunAsync(host, "CHECK", "ours-1");
        Assert.Equal(2, ours.Find(new Owner("theirs-1", "eth0")).Count);
    }

    [SkippableFact]
    public async Task BothAtOnce_GiveNoAddressTwice()
    {
        Skip.IfNot(File.Exists(Program), "Debian's containernetworking-plugins are not installed");
        await using var host = new Host();
        AddressDirectory ours = Open(host);
        AddressRange[] ranges = [.. host.Subnets.Select(subnet => new AddressRange(subnet))];

        Task<IReadOnlyList<string>>[] theirs = [.. Enumerable.Range(0, 10).Select(i => AddAsync(host, $"theirs-{i}"))];
        Task<IReadOnlyList<string>>[] mine =
        [
            .. Enumerable.Range(0, 40).Select(i => Task.Run<IReadOnlyList<string>>(
                () => [.. ours.Reserve(new Owner($"ours-{i}", "eth0"), ranges, []).Addresses.Select(address => address.ToString())])),
        ];

        string[] given = [.. (await Task.WhenAll(theirs.Concat(mine))).SelectMany(addresses => addresses)];
        Assert.Equal(100, given.Distinct().Count());
    }

    [SkippableFact]
    public async Task FileOfADeadProcess_IsClearedUp()
    {
        await using var host = new Host();
        Directory.CreateDirectory(host.StateFolder);
        File.WriteAllText(Path.Combine(host.StateFolder, "10.244.7.2"), "");

        Assert.Equal("10.244.7.2", Open(host).Reserve(new Owner("one", "eth0"), [new AddressRange(host.Subnets[0])], []).Addresses[0].ToString());
    }

    private static AddressDirectory Open(Host host) => new(host.StateFolder, TimeSpan.FromSeconds(20), TimeProvider.System);

    private static async Task<IReadOnlyList<string>> AddAsync(Host host, string id)
    {
        JsonNode result = JsonNode.Parse(await RunAsync(host, "ADD", id))!;
        return [.. result["ips"]!.AsArray().Select(ip => ((string)ip!["address"]!).Split('/')[0])];
    }

    private static async Task<string> RunAsync(Host host, string command, string id)
    {
        var start = new ProcessStartInfo(Program) { RedirectStandardInput = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in new[]
        {
            ("COMMAND", command),
            ("CONTAINERID", id),
            ("NETNS", "/dummy"),
            ("IFNAME", "eth0"),
            ("PATH", "/usr/lib/cni"),
        })
        {
            start.Environment[$"CNI_{name}"] = value;
        }

        using Process process = Process.Start(start)!;
        string ranges = string.Join(", ", host.Subnets.Select(subnet => $$"""[{"subnet": "{{subnet}}"}]"""));
        await process.StandardInput.WriteAsync(
            $$$"""{"cniVersion": "1.0.0", "name": "net", "type": "x", "ipam": {"type": "host-local", "dataDir": "{{{host.Folder}}}", "ranges": [{{{ranges}}}]}}""");
        process.StandardInput.Close();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output);
        return output;
    }
}
