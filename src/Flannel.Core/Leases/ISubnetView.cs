using System.Net;

namespace Flannel.Extensibility;

/// <summary>The store at one revision, as a node sees it that is about to take a subnet. Reading it changes nothing.</summary>
public interface ISubnetView
{
    /// <summary>The keys of all leases, whatever their documents say.</summary>
    IReadOnlyCollection<SubnetKey> Leased { get; }

    /// <summary>Keys of the configuration document that mean nothing to Flannel, such as misspelled ones.</summary>
    /// <value>None by default.</value>
    IReadOnlyList<string> UnknownConfigKeys => [];

    /// <summary>
    /// The host's address that the store asks for, as if it were the option <see cref="ExternalInterfaceOptions.PublicIP"/>; <see langword="null"/>
    /// (default) if it has no wish.
    /// </summary>
    IPAddress? RequestedPublicIP => null;

    /// <summary>As <see cref="RequestedPublicIP"/>, for IPv6.</summary>
    IPAddress? RequestedPublicIPv6 => null;

    /// <summary>Reads and validates the network configuration.</summary>
    /// <exception cref="NetworkConfigException">The document is missing or breaks a rule; the exception lists every problem.</exception>
    NetworkConfig ReadConfig();

    /// <summary>Finds the lease that already belongs to the node, by its public addresses.</summary>
    /// <param name="request">The network and the identity to look for.</param>
    /// <returns>The node's lease, or <see langword="null"/> if it has none that fits the network.</returns>
    Lease? FindOwn(LeaseRequest request);

    /// <summary>
    /// Whether the store itself says which lease is the node's, as a Node of Kubernetes has a name, so that its addresses do not matter to it.
    /// </summary>
    /// <value><see langword="false"/> by default.</value>
    bool IsIdentityAssigned => false;

    /// <summary>
    /// Whether a node that has no lease under its public addresses would publish what another host's lease says of that host's backend, such as a
    /// MAC.
    /// </summary>
    internal bool IsPublishedByAnother(LeaseRequest request) => false;

    /// <summary>
    /// Takes a subnet: the node's own lease if it has one, else its previous subnet if nobody holds it, else a free one. Reads the store again only
    /// if another node was faster.
    /// </summary>
    /// <param name="request">The network, what to publish, and the subnet held before.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="SubnetPoolExhaustedException">Every subnet of the network is taken.</exception>
    /// <exception cref="StoreException">The store did not answer.</exception>
    Task<ISubnetMembership> AcquireAsync(LeaseRequest request, CancellationToken cancellationToken);
}
