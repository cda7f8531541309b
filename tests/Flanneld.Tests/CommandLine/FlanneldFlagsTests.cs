using System.Text.RegularExpressions;
using Flanneld.CommandLine;

namespace Flanneld.Tests.CommandLine;

public sealed partial class FlanneldFlagsTests
{
    /// <summary>flannel's flags with their defaults, from its behaviour's description.</summary>
    public static TheoryData<string, string> FlagsOfFlannel => new()
    {
        { "etcd-endpoints", "http://127.0.0.1:4001,http://127.0.0.1:2379" },
        { "etcd-prefix", "/coreos.com/network" },
        { "etcd-keyfile", "" },
        { "etcd-certfile", "" },
        { "etcd-cafile", "" },
        { "etcd-username", "" },
        { "etcd-password", "" },
        { "iface", "" },
        { "iface-regex", "" },
        { "iface-can-reach", "" },
        { "public-ip", "" },
        { "public-ipv6", "" },
        { "subnet-file", "/run/flannel/subnet.env" },
        { "subnet-lease-renew-margin", "60" },
        { "ip-masq", "false" },
        { "ip-masq-fully-random-disable", "false" },
        { "iptables-resync", "5" },
        { "iptables-forward-rules", "true" },
        { "ip-blackhole-route", "false" },
        { "kube-subnet-mgr", "false" },
        { "kube-api-url", "" },
        { "kubeconfig-file", "" },
        { "kube-annotation-prefix", "flannel.alpha.coreos.com" },
        { "net-config-path", "/etc/kube-flannel/net-conf.json" },
        { "set-node-network-unavailable", "true" },
        { "healthz-ip", "0.0.0.0" },
        { "healthz-port", "0" },
        { "version", "false" },
        { "v", "0" },
        { "vmodule", "" },
        { "log_backtrace_at", "" },
    };

    [Theory]
    [MemberData(nameof(FlagsOfFlannel))]
    public void Flag_HasFlannelsNameAndDefault(string name, string expected) =>
        Assert.Equal(expected, Assert.Single(FlanneldFlags.All, flag => flag.Name == name).Default);

    [Fact]
    public void Flags_BesideFlannels_AreFew()
    {
        string[] flannel = [.. FlagsOfFlannel.Select(row => (string)((object[])row)[0])];

        Assert.Equal(
            [
                "allow-overlap", "enable-forwarding", "etcd-allow-insecure-credentials", "etcd-renewal", "follow-backend-changes", "guard",
                "guard-accept", "guard-sender",
                "ip-masq-exclude", "keep-privileges", "release-lease-on-stop", "state-dir", "store", "udp-accept", "udp-busy-poll",
                "udp-thread-pairs", "udp-without",
            ],
            FlanneldFlags.All.Select(flag => flag.Name).Except(flannel).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Defaults_AreValuesOfTheirKind() => Assert.All(FlanneldFlags.All, flag => Assert.True(flag.Accepts(flag.Default), flag.Name));

    [Fact]
    public void Variable_IsTheNameInCapitals()
    {
        Assert.Equal("FLANNELD_ETCD_ENDPOINTS", FlanneldFlags.EtcdEndpoints.Variable);
        Assert.Equal("FLANNELD_LOG_BACKTRACE_AT", FlanneldFlags.LogBacktraceAt.Variable);
        Assert.Equal("FLANNELD_V", FlanneldFlags.Verbosity.Variable);
    }

    [Fact]
    public void Usage_NamesEveryFlag() =>
        Assert.All(FlanneldFlags.All, flag => Assert.Contains($"  -{flag.Name}", Usage.Text, StringComparison.Ordinal));

    /// <summary>Rows are: `-name` | default | meaning.</summary>
    [Fact]
    public void Document_ListsEveryFlagWithItsDefaultAndMeaning()
    {
        string document = File.ReadAllText(Path.Combine(Repository(), "docs/flanneld.md"));
        Dictionary<string, (string Default, string Usage)> rows = FlagRow().Matches(document).ToDictionary(
            match => match.Groups[1].Value, match => (match.Groups[2].Value.Trim('`'), match.Groups[3].Value));

        Assert.Equal(FlanneldFlags.All.Select(flag => flag.Name).Order(StringComparer.Ordinal), rows.Keys.Order(StringComparer.Ordinal));
        Assert.All(FlanneldFlags.All, flag => Assert.Equal((flag.Default, flag.Usage), rows[flag.Name]));
    }

    private static string Repository()
    {
        DirectoryInfo folder = new(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Flannel.sln"))) folder = folder.Parent!;
        return folder.FullName;
    }

    [GeneratedRegex(@"^\| `-([\w-]+)` \| (`[^`]*`|) \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex FlagRow();
}
