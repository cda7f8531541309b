namespace Flanneld.CommandLine;

/// <summary>The flags. <c>docs/flanneld.md</c> lists them; a test compares.</summary>
internal static class FlanneldFlags
{
    public static readonly Flag EtcdEndpoints = new(
        "etcd-endpoints",
        FlagKind.Text,
        "http://127.0.0.1:4001,http://127.0.0.1:2379",
        "etcd's addresses, separated by commas")
    { ValueName = "urls" };
    public static readonly Flag EtcdPrefix = new(
        "etcd-prefix", FlagKind.Text, "/coreos.com/network", "below which etcd key the network is kept")
    { ValueName = "key" };
    public static readonly Flag EtcdKeyFile = new(
        "etcd-keyfile", FlagKind.Text, "", "PEM file with the key of -etcd-certfile")
    { ValueName = "file" };
    public static readonly Flag EtcdCertFile = new(
        "etcd-certfile", FlagKind.Text, "", "PEM file with the certificate to show to etcd")
    { ValueName = "file" };
    public static readonly Flag EtcdCaFile = new(
        "etcd-cafile", FlagKind.Text, "", "PEM file with the authorities that may vouch for etcd; enough for https")
    { ValueName = "file" };
    public static readonly Flag EtcdUsername = new("etcd-username", FlagKind.Text, "", "etcd's user") { ValueName = "name" };
    public static readonly Flag EtcdPassword = new(
        "etcd-password", FlagKind.Text, "", "the user's password; better given as FLANNELD_ETCD_PASSWORD")
    { ValueName = "text", IsSecret = true };
    public static readonly Flag Iface = new(
        "iface",
        FlagKind.List,
        "",
        "interface, by name or address, that carries the outer packets; repeatable, the first that fits is taken")
    { ValueName = "name-or-address" };
    public static readonly Flag IfaceRegex = new(
        "iface-regex",
        FlagKind.List,
        "",
        "regular expression for the interface's address or name; repeatable, tried after -iface")
    { ValueName = "pattern" };
    public static readonly Flag IfaceCanReach = new(
        "iface-can-reach", FlagKind.Text, "", "take the interface that leads to this address; tried after -iface-regex")
    { ValueName = "address" };
    public static readonly Flag PublicIP = new(
        "public-ip",
        FlagKind.Text,
        "",
        "IPv4 address by which the other hosts reach this one, behind NAT for example; without an -iface flag also selects the interface that has " +
        "it")
    { ValueName = "address" };
    public static readonly Flag PublicIPv6 = new(
        "public-ipv6", FlagKind.Text, "", "IPv6 address by which the other hosts reach this one; as -public-ip")
    { ValueName = "address" };
    public static readonly Flag SubnetFile = new(
        "subnet-file", FlagKind.Text, "/run/flannel/subnet.env", "where to write what this host got")
    { ValueName = "file" };
    public static readonly Flag SubnetLeaseRenewMargin = new(
        "subnet-lease-renew-margin",
        FlagKind.Number,
        "60",
        "how many minutes before its end the lease is renewed, 1 to 1439")
    { ValueName = "minutes" };
    public static readonly Flag IpMasq = new("ip-masq", FlagKind.Switch, "false", "masquerade traffic that leaves the network");
    public static readonly Flag IpMasqFullyRandomDisable = new(
        "ip-masq-fully-random-disable", FlagKind.Switch, "false", "do not draw the source ports of masqueraded traffic at random");
    public static readonly Flag IptablesResync = new(
        "iptables-resync", FlagKind.Number, "5", "how often the packet filter's rules are checked, at least 1")
    { ValueName = "seconds" };
    public static readonly Flag IptablesForwardRules = new(
        "iptables-forward-rules", FlagKind.Switch, "true", "accept forwarded traffic from and to the network");
    public static readonly Flag IpBlackholeRoute = new(
        "ip-blackhole-route", FlagKind.Switch, "false", "end packets to addresses of this host's subnet that no container has here");
    public static readonly Flag KubeSubnetMgr = new(
        "kube-subnet-mgr", FlagKind.Switch, "false", "take the subnet from this host's Node in Kubernetes, and publish there what etcd would hold");
    public static readonly Flag KubeApiUrl = new(
        "kube-api-url",
        FlagKind.Text,
        "",
        "the Kubernetes API server's address; goes before the one in -kubeconfig-file, and alone means without credentials")
    { ValueName = "url" };
    public static readonly Flag KubeconfigFile = new(
        "kubeconfig-file",
        FlagKind.Text,
        "",
        "how to reach the Kubernetes API; without it and -kube-api-url, as the pod that this process runs in")
    { ValueName = "file" };
    public static readonly Flag KubeAnnotationPrefix = new(
        "kube-annotation-prefix",
        FlagKind.Text,
        "flannel.alpha.coreos.com",
        "what the names of the Node's annotations begin with; the same on all nodes")
    { ValueName = "prefix" };
    public static readonly Flag NetConfigPath = new(
        "net-config-path",
        FlagKind.Text,
        "/etc/kube-flannel/net-conf.json",
        "the network configuration of -kube-subnet-mgr and -store=memory; read again when it changes")
    { ValueName = "file" };
    public static readonly Flag SetNodeNetworkUnavailable = new(
        "set-node-network-unavailable",
        FlagKind.Switch,
        "true",
        "set the Node's condition NetworkUnavailable to False once this host is connected, so that pods are scheduled");
    public static readonly Flag HealthzIP = new(
        "healthz-ip",
        FlagKind.Text,
        "0.0.0.0",
        "the address of the health server; 0.0.0.0 and :: mean all of both families")
    { ValueName = "address" };
    public static readonly Flag HealthzPort = new(
        "healthz-port",
        FlagKind.Number,
        "0",
        "the port of the health server, which has /healthz, /readyz and /metrics; 0 for no server")
    { ValueName = "port" };
    public static readonly Flag Version = new("version", FlagKind.Switch, "false", "print the version and end");
    public static readonly Flag Verbosity = new(
        "v", FlagKind.Number, "0", "how much to log: 0 what matters, 1 to 4 details, 5 everything")
    { ValueName = "level" };
    public static readonly Flag Vmodule = new("vmodule", FlagKind.Text, "", "known from flannel, without effect") { ValueName = "pattern=level,..." };
    public static readonly Flag LogBacktraceAt = new(
        "log_backtrace_at", FlagKind.Text, "", "known from flannel, without effect")
    { ValueName = "file:line" };

    // Not in flannel.
    public static readonly Flag Store = new(
        "store",
        FlagKind.Text,
        "etcd",
        "where leases are kept without -kube-subnet-mgr: etcd, or memory for a host on its own")
    { ValueName = "etcd|memory" };
    public static readonly Flag EtcdAllowInsecureCredentials = new(
        "etcd-allow-insecure-credentials", FlagKind.Switch, "false", "send the password over http:// too, for everyone on the way to read");
    public static readonly Flag EtcdRenewal = new(
        "etcd-renewal",
        FlagKind.Text,
        "keepalive",
        "how leases are renewed: keepalive, or put to have flannel's nodes told of each renewal")
    { ValueName = "keepalive|put" };
    public static readonly Flag StateDir = new(
        "state-dir",
        FlagKind.Text,
        "/var/lib/flannel",
        "where to remember the lease over a reboot, so that another address does not cost this host its subnet; used if it " +
        "exists")
    { ValueName = "directory" };
    public static readonly Flag ReleaseLeaseOnStop = new(
        "release-lease-on-stop", FlagKind.Switch, "false", "give the lease back at the end, for hosts that leave for good");
    public static readonly Flag AllowOverlap = new(
        "allow-overlap", FlagKind.Switch, "false", "start although the network overlaps an address or a route of this host");
    public static readonly Flag FollowBackendChanges = new(
        "follow-backend-changes", FlagKind.Switch, "false", "follow another backend, VNI or port in the network configuration without a restart");
    public static readonly Flag EnableForwarding = new(
        "enable-forwarding", FlagKind.Switch, "false", "turn on the kernel's forwarding of packets (ip_forward), which containers need");
    public static readonly Flag KeepPrivileges = new(
        "keep-privileges",
        FlagKind.Switch,
        "false",
        "do not give up the capabilities that are not needed, for iptables-legacy on a host whose modules are not loaded yet");
    public static readonly Flag IpMasqExclude = new(
        "ip-masq-exclude", FlagKind.List, "", "destination that is not masqueraded to; repeatable")
    { ValueName = "cidr" };
    public static readonly Flag Guard = new(
        "guard", FlagKind.Switch, "true", "keep everybody but the other hosts out of the tunnel, by rules in nftables");
    public static readonly Flag GuardAccept = new(
        "guard-accept",
        FlagKind.List,
        "",
        "let the tunnel guard pass what it drops otherwise: unknown-senders, containers, foreign-sources or foreign-destinations; " +
        "repeatable")
    { ValueName = "what" };
    public static readonly Flag GuardSender = new(
        "guard-sender",
        FlagKind.List,
        "",
        "address or range that may send tunnel packets beside the published addresses of the other hosts, as behind NAT; " +
        "repeatable")
    { ValueName = "cidr" };
    public static readonly Flag UdpThreadPairs = new(
        "udp-thread-pairs", FlagKind.Number, "1", "udp: how many pairs of threads carry packets, 1 to 64")
    { ValueName = "number" };
    public static readonly Flag UdpBusyPoll = new(
        "udp-busy-poll",
        FlagKind.Number,
        "200",
        "udp: how many microseconds a thread looks for the next packet before it sleeps, while packets come that often, 0 to " +
        "1000")
    { ValueName = "microseconds" };
    public static readonly Flag UdpAccept = new(
        "udp-accept",
        FlagKind.List,
        "",
        "udp: take what is dropped otherwise, for hosts behind NAT: unknown-senders, foreign-sources or foreign-destinations; " +
        "repeatable")
    { ValueName = "what" };
    public static readonly Flag UdpWithout = new(
        "udp-without",
        FlagKind.List,
        "",
        "udp: an off-load that is not to be used, for drivers with faults: tun-tcp, tun-udp, send-segmentation, send-batches, receive-coalescing, " +
        "receive-batches, write-tcp or write-udp; repeatable")
    { ValueName = "off-load" };

    /// <summary>All of them, as the usage shows them.</summary>
    public static readonly IReadOnlyList<Flag> All =
    [
        EtcdEndpoints, EtcdPrefix, EtcdCaFile, EtcdCertFile, EtcdKeyFile, EtcdUsername, EtcdPassword, EtcdAllowInsecureCredentials, EtcdRenewal,
        Iface, IfaceRegex, IfaceCanReach, PublicIP, PublicIPv6,
        SubnetFile, SubnetLeaseRenewMargin, StateDir, ReleaseLeaseOnStop, AllowOverlap, EnableForwarding, FollowBackendChanges, KeepPrivileges,
        IpMasq, IpMasqExclude, IpMasqFullyRandomDisable, IptablesForwardRules, IptablesResync, IpBlackholeRoute,
        Guard, GuardSender, GuardAccept,
        UdpThreadPairs, UdpBusyPoll, UdpAccept, UdpWithout,
        Store, NetConfigPath,
        KubeSubnetMgr, KubeApiUrl, KubeconfigFile, KubeAnnotationPrefix, SetNodeNetworkUnavailable,
        HealthzIP, HealthzPort, Verbosity, Vmodule, LogBacktraceAt, Version,
    ];

    /// <summary>Those that only the Kubernetes store looks at.</summary>
    public static readonly IReadOnlyList<Flag> Kubernetes = [KubeApiUrl, KubeconfigFile, KubeAnnotationPrefix, SetNodeNetworkUnavailable];

    /// <summary>Those that only etcd's store looks at.</summary>
    public static readonly IReadOnlyList<Flag> Etcd =
    [
        EtcdEndpoints, EtcdPrefix, EtcdCaFile, EtcdCertFile, EtcdKeyFile, EtcdUsername, EtcdPassword, EtcdAllowInsecureCredentials, EtcdRenewal,
    ];
}
