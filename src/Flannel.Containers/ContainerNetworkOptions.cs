using System.Net;

namespace Flannel;

/// <summary>How containers are attached.</summary>
public sealed class ContainerNetworkOptions
{
    /// <summary>
    /// Name of the network, under which addresses are kept (a folder of <see cref="StateDirectory"/>); <c>cbr0</c>, as in flannel's CNI list.
    /// </summary>
    public string NetworkName { get; set; } = "cbr0";

    /// <summary>
    /// Where addresses are kept, in the format of CNI's host-local; both may work there at once. <see langword="null"/> keeps them in memory, for
    /// tests.
    /// </summary>
    public string? StateDirectory { get; set; } = "/var/lib/cni/networks";

    /// <summary>Name or path of the host's network namespace; <see langword="null"/> for the process's own, or the node's.</summary>
    public string? NetworkNamespace { get; set; }

    /// <summary>With a bridge or without.</summary>
    public ContainerMode Mode { get; set; }

    /// <summary>Name of the bridge, which is made if it is absent.</summary>
    public string BridgeName { get; set; } = "cni0";

    /// <summary>Takes foreign addresses of the network's families from the bridge instead of refusing it.</summary>
    public bool ForceAddress { get; set; }

    /// <summary>Whether the bridge sends packets back through the port that they came from.</summary>
    public bool Hairpin { get; set; } = true;

    /// <summary>Whether the bridge takes packets for others.</summary>
    public bool Promiscuous { get; set; }

    /// <summary>Whether the host is the container's gateway to everything.</summary>
    public bool IsDefaultGateway { get; set; } = true;

    /// <summary>More networks that containers reach through the host.</summary>
    public IList<IPNetwork> Routes { get; } = [];

    /// <summary>Whether packets for addresses of the subnet that nobody has end at a blackhole route.</summary>
    public bool Blackhole { get; set; }

    /// <summary>Whether to switch on forwarding in the host's namespace.</summary>
    public bool EnableForwarding { get; set; } = true;

    /// <summary>
    /// Whether mapped ports are reached from the host itself by 127.0.0.1, too. It sets <c>route_localnet</c>, and drops what containers send there.
    /// </summary>
    public bool MapLocalhost { get; set; } = true;

    /// <summary>Longest wait for the lock of the address directory.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(10);
}
