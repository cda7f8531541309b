using System.Net;
using Flannel;
using Flanneld.CommandLine;

namespace Flanneld.Hosting;

/// <summary>The flags as the packages' options take them. Made from values that <see cref="SettingsRules"/> has passed.</summary>
internal sealed class Settings(FlagValues values)
{
    public StoreKind Store => values.IsOn(FlanneldFlags.KubeSubnetMgr) ? StoreKind.Kubernetes
        : values.Text(FlanneldFlags.Store) == "memory" ? StoreKind.Memory
        : StoreKind.Etcd;

    /// <summary>Where leases are kept, in words.</summary>
    public string StoreName => Store switch
    {
        StoreKind.Kubernetes => $"the Kubernetes API ({ApiName})",
        StoreKind.Memory => "this process's memory",
        _ => $"etcd at {string.Join(", ", Endpoints)}",
    };

    public string[] Endpoints =>
        values.Text(FlanneldFlags.EtcdEndpoints).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private string ApiName => values.TextOrNull(FlanneldFlags.KubeApiUrl)
        ?? (values.TextOrNull(FlanneldFlags.KubeconfigFile) is { } file ? $"-kubeconfig-file={file}" : "as this pod reaches it");

    public string NetConfigPath => values.Text(FlanneldFlags.NetConfigPath);

    /// <summary>Whether <see cref="NetConfigPath"/> must exist.</summary>
    public bool IsNetConfigPathGiven => values.IsGiven(FlanneldFlags.NetConfigPath);

    /// <summary>Where to answer health checks, or <see langword="null"/> not to answer any. Without an address it is all of them, as in Go.</summary>
    public IPEndPoint? HealthEndpoint => values.Number(FlanneldFlags.HealthzPort) is > 0 and long port
        ? new IPEndPoint(values.TextOrNull(FlanneldFlags.HealthzIP) is { } address ? IPAddress.Parse(address) : IPAddress.IPv6Any, (int)port)
        : null;

    public void Configure(FlannelOptions options)
    {
        // A manifest's variable may be empty, which chooses nothing; an empty pattern would match every interface.
        foreach (string name in values.List(FlanneldFlags.Iface).Where(IsGiven)) options.ExternalInterface.Names.Add(name.Trim());
        foreach (string pattern in values.List(FlanneldFlags.IfaceRegex).Where(IsGiven)) options.ExternalInterface.Patterns.Add(pattern);
        options.ExternalInterface.CanReach = values.TextOrNull(FlanneldFlags.IfaceCanReach);
        options.ExternalInterface.PublicIP = values.TextOrNull(FlanneldFlags.PublicIP);
        options.ExternalInterface.PublicIPv6 = values.TextOrNull(FlanneldFlags.PublicIPv6);

        options.SubnetFile = Path.GetFullPath(values.Text(FlanneldFlags.SubnetFile));
        options.StateDirectory = values.TextOrNull(FlanneldFlags.StateDir) is { } state ? Path.GetFullPath(state) : null;
        options.LeaseRenewMargin = TimeSpan.FromMinutes(values.Number(FlanneldFlags.SubnetLeaseRenewMargin));
        options.ReleaseLeaseOnStop = values.IsOn(FlanneldFlags.ReleaseLeaseOnStop);
        options.AllowOverlap = values.IsOn(FlanneldFlags.AllowOverlap);
        options.FollowBackendChanges = values.IsOn(FlanneldFlags.FollowBackendChanges);
        options.EnableForwarding = values.IsOn(FlanneldFlags.EnableForwarding);

        options.IpMasq = values.IsOn(FlanneldFlags.IpMasq);
        foreach (string destination in values.List(FlanneldFlags.IpMasqExclude)) options.Traffic.MasqueradeExclusions.Add(destination);
        options.Traffic.RandomFully = !values.IsOn(FlanneldFlags.IpMasqFullyRandomDisable);
        options.Traffic.Forward = values.IsOn(FlanneldFlags.IptablesForwardRules);
        options.Traffic.Blackhole = values.IsOn(FlanneldFlags.IpBlackholeRoute);
        options.Traffic.ResyncInterval = TimeSpan.FromSeconds(values.Number(FlanneldFlags.IptablesResync));

        IReadOnlyList<string> accepted = values.List(FlanneldFlags.GuardAccept);
        options.Guard.Enabled = values.IsOn(FlanneldFlags.Guard);
        options.Guard.AcceptUnknownSenders = accepted.Contains(GuardWords.UnknownSenders);
        options.Guard.AcceptContainers = accepted.Contains(GuardWords.Containers);
        options.Guard.AcceptForeignSources = accepted.Contains(GuardWords.ForeignSources);
        options.Guard.AcceptForeignDestinations = accepted.Contains(GuardWords.ForeignDestinations);
        foreach (string sender in values.List(FlanneldFlags.GuardSender)) options.Guard.Senders.Add(sender);

        static bool IsGiven(string value) => !string.IsNullOrWhiteSpace(value);
    }

    public void Configure(KubernetesStoreOptions options)
    {
        options.ApiServer = values.TextOrNull(FlanneldFlags.KubeApiUrl) is { } url ? new Uri(url) : null;
        options.KubeconfigFile = values.TextOrNull(FlanneldFlags.KubeconfigFile) is { } file ? Path.GetFullPath(file) : null;
        options.AnnotationPrefix = values.Text(FlanneldFlags.KubeAnnotationPrefix);
        options.ConfigFile = Path.GetFullPath(NetConfigPath);
        options.SetNodeNetworkUnavailable = values.IsOn(FlanneldFlags.SetNodeNetworkUnavailable);
    }

    public void Configure(UdpBackendOptions options)
    {
        IReadOnlyList<string> accepted = values.List(FlanneldFlags.UdpAccept);
        options.ThreadPairs = (int)values.Number(FlanneldFlags.UdpThreadPairs);
        options.BusyPollMicroseconds = (int)values.Number(FlanneldFlags.UdpBusyPoll);
        options.AcceptUnknownSenders = accepted.Contains(UdpWords.UnknownSenders);
        options.AcceptForeignSources = accepted.Contains(UdpWords.ForeignSources);
        options.AcceptForeignDestinations = accepted.Contains(UdpWords.ForeignDestinations);
        foreach (string name in values.List(FlanneldFlags.UdpWithout)) options.Offloads &= ~UdpWords.Offloads[name];
    }

    public void Configure(EtcdStoreOptions options)
    {
        options.Endpoints = Endpoints;
        options.Prefix = values.Text(FlanneldFlags.EtcdPrefix);
        options.CaFile = values.TextOrNull(FlanneldFlags.EtcdCaFile);
        options.CertificateFile = values.TextOrNull(FlanneldFlags.EtcdCertFile);
        options.KeyFile = values.TextOrNull(FlanneldFlags.EtcdKeyFile);
        options.Username = values.TextOrNull(FlanneldFlags.EtcdUsername);
        options.Password = values.TextOrNull(FlanneldFlags.EtcdPassword);
        options.AllowInsecureCredentials = values.IsOn(FlanneldFlags.EtcdAllowInsecureCredentials);
        options.Renewal = values.Text(FlanneldFlags.EtcdRenewal) == "put" ? EtcdRenewal.Put : EtcdRenewal.KeepAlive;
    }
}
