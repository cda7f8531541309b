using System.Net;
using Flannel;
using Flanneld.CommandLine;
using Flanneld.Hosting;

namespace Flanneld.Tests.Hosting;

public sealed class SettingsTests
{
    [Fact]
    public void Tutorial_CommandLine_IsValid()
    {
        FlannelOptions options = Options("-iface=192.168.205.10");

        Assert.Equal(["192.168.205.10"], options.ExternalInterface.Names);
        Assert.Equal("/run/flannel/subnet.env", options.SubnetFile);
        Assert.Equal(TimeSpan.FromHours(1), options.LeaseRenewMargin);
        Assert.False(options.IpMasq);
        Assert.True(options.Traffic.Forward);
        Assert.True(options.Traffic.RandomFully);
        Assert.False(options.ReleaseLeaseOnStop);
    }

    [Fact]
    public void Interfaces_ThatAreEmpty_ChooseNothing()
    {
        FlannelOptions options = Options("-iface=", "--iface-regex=", "-iface", " eth1 ", "-iface-regex", "  ");

        Assert.Equal(["eth1"], options.ExternalInterface.Names);
        Assert.Empty(options.ExternalInterface.Patterns);
    }

    [Fact]
    public void EveryFlag_ReachesItsOption()
    {
        FlannelOptions options = Options(
            "--iface", "eth1", "--iface=eth2", "-iface-regex", "^10\\.", "--iface-can-reach=10.0.0.1", "-public-ip", "192.0.2.7",
            "--public-ipv6=2001:db8::7",
            "--subnet-file=relative.env", "--subnet-lease-renew-margin=1439", "--ip-masq", "-ip-masq-fully-random-disable=true", "--iptables-resync",
            "30",
            "--iptables-forward-rules=false", "--ip-blackhole-route", "--release-lease-on-stop", "--ip-masq-exclude=10.0.0.0/8", "--ip-masq-exclude",
            "fd00::/8");

        Assert.Equal(["eth1", "eth2"], options.ExternalInterface.Names);
        Assert.Equal(["^10\\."], options.ExternalInterface.Patterns);
        Assert.Equal("10.0.0.1", options.ExternalInterface.CanReach);
        Assert.Equal("192.0.2.7", options.ExternalInterface.PublicIP);
        Assert.Equal("2001:db8::7", options.ExternalInterface.PublicIPv6);
        Assert.Equal(Path.GetFullPath("relative.env"), options.SubnetFile);
        Assert.Equal(TimeSpan.FromMinutes(1439), options.LeaseRenewMargin);
        Assert.True(options.IpMasq);
        Assert.False(options.Traffic.RandomFully);
        Assert.Equal(TimeSpan.FromSeconds(30), options.Traffic.ResyncInterval);
        Assert.False(options.Traffic.Forward);
        Assert.True(options.Traffic.Blackhole);
        Assert.True(options.ReleaseLeaseOnStop);
        Assert.Equal(["10.0.0.0/8", "fd00::/8"], options.Traffic.MasqueradeExclusions);
    }

    [Fact]
    public void GuardFlags_ReachTheirOptions()
    {
        GuardOptions defaults = Options().Guard;
        GuardOptions some = Options("--guard-accept=unknown-senders", "--guard-accept", "foreign-sources", "--guard-sender=192.0.2.0/24").Guard;
        GuardOptions others = Options("--guard=false", "--guard-accept=containers", "--guard-accept=foreign-destinations").Guard;

        Assert.Equal((true, false, false, false, false, 0), Describe(defaults));
        Assert.Equal((true, true, false, true, false, 1), Describe(some));
        Assert.Equal((false, false, true, false, true, 0), Describe(others));

        static (bool, bool, bool, bool, bool, int) Describe(GuardOptions guard) =>
            (
                guard.Enabled,
                guard.AcceptUnknownSenders,
                guard.AcceptContainers,
                guard.AcceptForeignSources,
                guard.AcceptForeignDestinations,
                guard.Senders.Count);
    }

    [Fact]
    public void UdpFlags_ReachTheirOptions()
    {
        UdpBackendOptions options = UdpOptions(
            "--udp-thread-pairs=4", "--udp-busy-poll=0", "--udp-accept=unknown-senders", "--udp-accept", "foreign-destinations",
            "--udp-without=send-segmentation", "-udp-without", "tun-udp");

        Assert.Equal((4, 0), (options.ThreadPairs, options.BusyPollMicroseconds));
        Assert.Equal((true, false, true), (options.AcceptUnknownSenders, options.AcceptForeignSources, options.AcceptForeignDestinations));
        Assert.Equal(UdpOffloads.All & ~(UdpOffloads.SendSegmentation | UdpOffloads.TunUdp), options.Offloads);
    }

    [Fact]
    public void UdpFlags_NotGiven_AreTheOptionsDefaults()
    {
        (UdpBackendOptions options, UdpBackendOptions defaults) = (UdpOptions(), new UdpBackendOptions());

        Assert.Equal(
            (defaults.ThreadPairs, defaults.BusyPollMicroseconds, defaults.Offloads),
            (options.ThreadPairs, options.BusyPollMicroseconds, options.Offloads));
        Assert.Equal((false, false, false), (options.AcceptUnknownSenders, options.AcceptForeignSources, options.AcceptForeignDestinations));
    }

    [Fact]
    public void EtcdFlags_ReachTheirOptions()
    {
        EtcdStoreOptions options = EtcdOptions(
            "--etcd-endpoints=https://a:2379,https://b:2379", "--etcd-prefix=/x", "--etcd-cafile=ca", "--etcd-certfile=cert", "--etcd-keyfile=key",
            "--etcd-username=user", "--etcd-password=word", "--etcd-renewal=put");

        Assert.Equal(["https://a:2379", "https://b:2379"], options.Endpoints);
        Assert.Equal("/x", options.Prefix);
        Assert.Equal(("ca", "cert", "key"), (options.CaFile, options.CertificateFile, options.KeyFile));
        Assert.Equal(("user", "word"), (options.Username, options.Password));
        Assert.Equal(EtcdRenewal.Put, options.Renewal);
        Assert.False(options.AllowInsecureCredentials);
    }

    [Theory]
    [InlineData("https://a:2379,https://b:2379,")]
    [InlineData(" https://a:2379 ,\thttps://b:2379\n")]
    [InlineData(",,https://a:2379, ,https://b:2379")]
    public void EtcdEndpoints_CommasAndBlanksTooMany_AreForgiven(string endpoints) =>
        Assert.Equal(["https://a:2379", "https://b:2379"], EtcdOptions($"--etcd-endpoints={endpoints}").Endpoints);

    [Fact]
    public void EtcdFlags_WithoutValues_MeanNothing()
    {
        EtcdStoreOptions options = EtcdOptions("--etcd-cafile=", "--etcd-username=", "--etcd-password=");

        Assert.Equal(["http://127.0.0.1:4001", "http://127.0.0.1:2379"], options.Endpoints);
        Assert.Equal("/coreos.com/network", options.Prefix);
        Assert.Null(options.CaFile);
        Assert.Null(options.Username);
        Assert.Null(options.Password);
        Assert.Equal(EtcdRenewal.KeepAlive, options.Renewal);
    }

    [Fact]
    public void HealthServer_IsOffUnlessItHasAPort()
    {
        Assert.Null(new Settings(Values()).HealthEndpoint);
        Assert.Equal(new IPEndPoint(IPAddress.Any, 8081), new Settings(Values("--healthz-port=8081")).HealthEndpoint);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Any, 1), new Settings(Values("--healthz-port=1", "--healthz-ip=")).HealthEndpoint);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 1), new Settings(Values("--healthz-port=1", "--healthz-ip=::1")).HealthEndpoint);
    }

    [Fact]
    public void KubernetesFlags_ReachTheirOptions()
    {
        var settings = new Settings(Values(
            "-kube-subnet-mgr", "--kube-api-url=https://10.0.0.1:6443/k", "--kubeconfig-file=/etc/k.conf", "--kube-annotation-prefix=org.com/9",
            "-net-config-path", "/etc/net.json",
            "--set-node-network-unavailable=false"));
        var options = new KubernetesStoreOptions();
        settings.Configure(options);

        Assert.Equal(StoreKind.Kubernetes, settings.Store);
        Assert.Equal(new Uri("https://10.0.0.1:6443/k"), options.ApiServer);
        Assert.Equal("/etc/k.conf", options.KubeconfigFile);
        Assert.Equal("org.com/9", options.AnnotationPrefix);
        Assert.Equal("/etc/net.json", options.ConfigFile);
        Assert.False(options.SetNodeNetworkUnavailable);
    }

    /// <summary>As the arguments of flannel's DaemonSet are.</summary>
    [Fact]
    public void KubernetesFlags_NotGiven_AreFlannelsDefaults()
    {
        var settings = new Settings(Values("--ip-masq", "--kube-subnet-mgr"));
        var options = new KubernetesStoreOptions();
        settings.Configure(options);

        Assert.Equal((null, null, "flannel.alpha.coreos.com"), (options.ApiServer, options.KubeconfigFile, options.AnnotationPrefix));
        Assert.Equal(("/etc/kube-flannel/net-conf.json", true), (options.ConfigFile, options.SetNodeNetworkUnavailable));
        Assert.Null(options.NodeName);
        Assert.Equal("the Kubernetes API (as this pod reaches it)", settings.StoreName);
    }

    private static FlannelOptions Options(params string[] arguments)
    {
        var options = new FlannelOptions();
        new Settings(Values(arguments)).Configure(options);
        return options;
    }

    private static EtcdStoreOptions EtcdOptions(params string[] arguments)
    {
        var options = new EtcdStoreOptions();
        new Settings(Values(arguments)).Configure(options);
        return options;
    }

    private static UdpBackendOptions UdpOptions(params string[] arguments)
    {
        var options = new UdpBackendOptions();
        new Settings(Values(arguments)).Configure(options);
        return options;
    }

    private static FlagValues Values(params string[] arguments)
    {
        List<string> problems = [];
        FlagValues values = new FlagSet(FlanneldFlags.All).Parse(arguments, problems);
        problems.AddRange(SettingsRules.Check(values));
        Assert.Empty(problems);
        return values;
    }
}
