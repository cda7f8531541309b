using Flanneld.CommandLine;
using Flanneld.Hosting;

namespace Flanneld.Tests.Hosting;

/// <summary>A wrong value is answered with the flag, the value and what is allowed.</summary>
public sealed class SettingsRulesTests
{
    [Theory]
    [InlineData("-subnet-lease-renew-margin", "\"0\"", "1 to 1439", "--subnet-lease-renew-margin=0")]
    [InlineData("-subnet-lease-renew-margin", "\"1440\"", "1 to 1439", "--subnet-lease-renew-margin=1440")]
    [InlineData("-iptables-resync", "\"0\"", "1 to 86400", "--iptables-resync=0")]
    [InlineData("-healthz-port", "\"65536\"", "0 to 65535", "--healthz-port=65536")]
    [InlineData("-healthz-port", "\"-1\"", "0 to 65535", "--healthz-port=-1")]
    [InlineData("-healthz-ip", "\"localhost\"", "an IP address", "--healthz-ip=localhost")]
    [InlineData("-public-ip", "\"2001:db8::1\"", "an IPv4 address", "--public-ip=2001:db8::1")]
    [InlineData("-public-ip", "\"host\"", "an IPv4 address", "--public-ip=host")]
    [InlineData("-public-ipv6", "\"192.0.2.1\"", "an IPv6 address", "--public-ipv6=192.0.2.1")]
    [InlineData("-iface-can-reach", "\"gateway\"", "an IP address", "--iface-can-reach=gateway")]
    [InlineData("-healthz-ip", "\"1\"", "an IP address", "--healthz-ip=1")]
    [InlineData("-healthz-ip", "\"127.1\"", "an IP address", "--healthz-ip=127.1")]
    [InlineData("-healthz-ip", "\"0x7f.0.0.1\"", "an IP address", "--healthz-ip=0x7f.0.0.1")]
    [InlineData("-healthz-ip", "\"127.0.0.01\"", "an IP address", "--healthz-ip=127.0.0.01")]
    [InlineData("-healthz-ip", "\" 127.0.0.1\"", "an IP address", "--healthz-ip= 127.0.0.1")]
    [InlineData("-healthz-ip", "\"fe80::1%eth0\"", "an IP address", "--healthz-ip=fe80::1%eth0")]
    [InlineData("-healthz-ip", "\"[::1]\"", "an IP address", "--healthz-ip=[::1]")]
    [InlineData("-iface-can-reach", "\"10.1\"", "an IP address", "--iface-can-reach=10.1")]
    [InlineData("-iface-can-reach", "\"010.0.0.1\"", "an IP address", "--iface-can-reach=010.0.0.1")]
    [InlineData("-iface-can-reach", "\"fe80::1%2\"", "an IP address", "--iface-can-reach=fe80::1%2")]
    [InlineData("-public-ip", "\"192.168.1\"", "an IPv4 address", "--public-ip=192.168.1")]
    [InlineData("-public-ipv6", "\"2001:db8::1%eth0\"", "an IPv6 address", "--public-ipv6=2001:db8::1%eth0")]
    [InlineData("-ip-masq-exclude", "\"10/8\"", "a network such as 10.0.0.0/8", "--ip-masq-exclude=10/8")]
    [InlineData("-ip-masq-exclude", "\"0x0a000000/8\"", "a network such as 10.0.0.0/8", "--ip-masq-exclude=0x0a000000/8")]
    [InlineData("-ip-masq-exclude", "\"012.0.0.0/8\"", "a network such as 10.0.0.0/8", "--ip-masq-exclude=012.0.0.0/8")]
    [InlineData("-ip-masq-exclude", "\"10.0.0.0/08\"", "a network such as 10.0.0.0/8", "--ip-masq-exclude=10.0.0.0/08")]
    [InlineData("-guard-sender", "\"10.1\"", "an address or a range such as 192.0.2.0/24", "--guard-sender=10.1")]
    [InlineData("-guard-sender", "\"192.0.2.0/024\"", "an address or a range such as 192.0.2.0/24", "--guard-sender=192.0.2.0/024")]
    [InlineData("-guard-sender", "\"fe80::1%2\"", "an address or a range such as 192.0.2.0/24", "--guard-sender=fe80::1%2")]
    [InlineData("-iface-regex", "\"eth(\"", "a regular expression", "--iface-regex=eth(")]
    [InlineData("-ip-masq-exclude", "\"10.0.0.0/33\"", "a network such as 10.0.0.0/8", "--ip-masq-exclude=10.0.0.0/33")]
    [InlineData("-subnet-file", "\"\"", "a path", "--subnet-file=")]
    [InlineData("-udp-thread-pairs", "\"0\"", "1 to 64", "--udp-thread-pairs=0")]
    [InlineData("-udp-busy-poll", "\"1001\"", "0 to 1000", "--udp-busy-poll=1001")]
    [InlineData("-guard-accept", "\"all\"", "unknown-senders or containers or foreign-sources or foreign-destinations", "--guard-accept=all")]
    [InlineData("-guard-sender", "\"nat\"", "an address or a range such as 192.0.2.0/24", "--guard-sender=nat")]
    [InlineData("-udp-accept", "\"all\"", "unknown-senders or foreign-sources or foreign-destinations", "--udp-accept=all")]
    [InlineData("-udp-without", "\"gso\"", "tun-tcp or tun-udp or send-segmentation", "--udp-accept=foreign-sources", "--udp-without=gso")]
    [InlineData("-store", "\"consul\"", "etcd or memory", "--store=consul")]
    [InlineData("-etcd-renewal", "\"never\"", "keepalive or put", "--etcd-renewal=never")]
    [InlineData("-etcd-prefix", "\"/\"", "must name a key", "--etcd-prefix=/")]
    [InlineData("-etcd-endpoints", "\"127.0.0.1:2379\"", "http:// or https://", "--etcd-endpoints=127.0.0.1:2379")]
    [InlineData("-etcd-endpoints", "\"etcd-1:2379\"", "it has no scheme", "--etcd-endpoints=http://a:1,etcd-1:2379")]
    [InlineData("-etcd-endpoints", "\"http://a:1 http://b:1\"", "separated by commas", "--etcd-endpoints=http://a:1 http://b:1")]
    [InlineData("-etcd-endpoints", "\" , \"", "it must hold an address", "--etcd-endpoints= , ")]
    [InlineData("-etcd-endpoints", "\"\"", "it must hold an address", "--etcd-endpoints=")]
    [InlineData("-etcd-endpoints", "\"http://a:1/v3\"", "scheme, host and port only", "--etcd-endpoints=http://a:1/v3")]
    [InlineData("-etcd-endpoints", "\"http://a:1\"", "-etcd-username and -etcd-password", "--etcd-endpoints=http://u:p@a:1")]
    [InlineData("-etcd-endpoints", "\"http://a:1\"", "flag -etcd-cafile) are of no use over http; write " +
        "https", "--etcd-endpoints=http://a:1", "--etcd-cafile=ca.pem")]
    [InlineData(
        "-etcd-endpoints",
        "\"http://a:1\"",
        "-etcd-allow-insecure-credentials",
        "--etcd-endpoints=http://a:1",
        "--etcd-username=u",
        "--etcd-password=p")]
    [InlineData("-etcd-username", "", "without -etcd-password", "--etcd-endpoints=https://a:1", "--etcd-username=u")]
    [InlineData("-etcd-keyfile", "", "without -etcd-certfile", "--etcd-endpoints=https://a:1", "--etcd-keyfile=k")]
    [InlineData("-kube-api-url", "\"10.0.0.1:6443\"", "https:// or http:// and a host", "--kube-subnet-mgr", "--kube-api-url=10.0.0.1:6443")]
    [InlineData("-kube-api-url", "\"master:6443\"", "https:// or http:// and a host", "--kube-subnet-mgr", "--kube-api-url=master:6443")]
    [InlineData("-kube-api-url", "\"ftp://a\"", "https:// or http:// and a host", "--kube-subnet-mgr", "--kube-api-url=ftp://a")]
    [InlineData("-kube-api-url", "\"(not shown)\"", "https:// or http:// and a host", "--kube-subnet-mgr", "--kube-api-url=u:p@a")]
    [InlineData("-net-config-path", "\"\"", "a path", "--kube-subnet-mgr", "--net-config-path=")]
    [InlineData("-store", "\"memory\"", "beside flag -kube-subnet-mgr", "--kube-subnet-mgr", "--store=memory")]
    [InlineData("\"false\" is no flag", "", "joined by =", "--ip-masq", "false")]
    [InlineData("\"start\" is no flag", "", "a flag starts with -", "start")]
    public void WrongValue_IsRefusedWithFlagValueAndWhatIsAllowed(string flag, string value, string allowed, params string[] arguments)
    {
        string problem = Assert.Single(Check(arguments));

        Assert.Contains(flag, problem, StringComparison.Ordinal);
        Assert.Contains(value, problem, StringComparison.Ordinal);
        Assert.Contains(allowed, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("-iface=192.168.205.10")]
    [InlineData("--etcd-endpoints=https://a:2379", "--etcd-cafile=ca.pem")]
    [InlineData("--etcd-endpoints=http://[::1]:2379/")]
    [InlineData("--etcd-endpoints= http://a:2379, http://b:2379 ,")]
    [InlineData("--etcd-endpoints=http://a:2379", "--etcd-username=u", "--etcd-password=p", "--etcd-allow-insecure-credentials")]
    [InlineData("--kube-subnet-mgr", "--ip-masq")]
    [InlineData("--kube-subnet-mgr", "--kube-api-url=https://10.0.0.1:6443/cluster", "--kubeconfig-file=x", "--kube-annotation-prefix=org.com/9")]
    [InlineData("--kube-subnet-mgr", "--etcd-endpoints=nonsense", "--etcd-cafile=ca.pem")]
    [InlineData(
        "--kube-subnet-mgr=false",
        "--kube-api-url=http://x",
        "--kubeconfig-file=x",
        "--kube-annotation-prefix=x",
        "--set-node-network-unavailable=false")]
    [InlineData("--vmodule=a=1", "--log_backtrace_at=a.go:1", "-v", "10")]
    [InlineData("--store=memory", "--net-config-path=/x")]
    [InlineData("--healthz-ip=::", "--healthz-port=65535")]
    [InlineData("--healthz-ip=")]
    [InlineData("--healthz-ip=127.0.0.1", "--iface-can-reach=2001:db8::1")]
    [InlineData("--ip-masq-exclude=10.0.0.0/8", "--ip-masq-exclude=fd00::/8", "--guard-sender=192.0.2.7", "--guard-sender=2001:db8::/32")]
    public void RightValues_Pass(params string[] arguments) => Assert.Empty(Check(arguments));

    [Fact]
    public void Problems_AreFoundAllAtOnce() =>
        Assert.Equal(4, Check("--store=x", "--public-ip=x", "--healthz-port=70000", "--subnet-lease-renew-margin=0").Count);

    [Theory]
    [InlineData("Property ExternalInterface.PublicIP: is 'x'", "flag -public-ip is 'x'")]
    [InlineData("Property ExternalInterface.PublicIPv6: is 'x'", "flag -public-ipv6 is 'x'")]
    [InlineData("Property ApiServer: holds a user", "flag -kube-api-url holds a user")]
    [InlineData("Property AnnotationPrefix: is 'A'", "flag -kube-annotation-prefix is 'A'")]
    [InlineData("Property Other: is 'x'", "Property Other: is 'x'")]
    public void InFlags_NamesTheFlagInPlaceOfTheOption(string problem, string expected) => Assert.Equal(expected, SettingsRules.InFlags(problem));

    [Fact]
    public void Secrets_AreNotShown()
    {
        IEnumerable<string> problems = Check("--etcd-password=hunter2")
            .Concat(Check("--etcd-endpoints=ftp://me:hunter2@a:1"))
            .Concat(Check("--etcd-endpoints=http://me:hunter2@a:1"))
            .Concat(Check("--etcd-endpoints=http://me:hunter2@a:1/v3")) // two problems
            .Concat(Check("--etcd-endpoints=http://me:hunter2,x@a:1")) // two problems
            .Concat(Check("--etcd-endpoints=http://me:4711,x@a:1", "--etcd-username=me", "--etcd-password=hunter2")); // two problems

        Assert.Equal(9, problems.Count());
        Assert.DoesNotContain(problems, problem => problem.Contains("hunter2", StringComparison.Ordinal));
        Assert.DoesNotContain(problems, problem => problem.Contains("4711", StringComparison.Ordinal));
    }

    [Fact]
    public void ValueOfTheEnvironment_IsNamedAsSuch()
    {
        FlagValues values = new FlagSet(FlanneldFlags.All).Parse([], []);
        new FlagSet(FlanneldFlags.All).FillFromEnvironment(values, name => name == "FLANNELD_HEALTHZ_PORT" ? "70000" : null, []);

        Assert.StartsWith("FLANNELD_HEALTHZ_PORT cannot be \"70000\"", Assert.Single(SettingsRules.Check(values)), StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Check(params string[] arguments)
    {
        List<string> problems = [];
        FlagValues values = new FlagSet(FlanneldFlags.All).Parse(arguments, problems);
        Assert.Empty(problems);
        return SettingsRules.Check(values);
    }
}
