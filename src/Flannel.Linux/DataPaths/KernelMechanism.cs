using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.Versioning;
using Flannel.Linux.Diagnostics;
using Flannel.Netlink;
using Flannel.Netlink.Route;
using Flannel.Netlink.Route.Monitoring;

namespace Flannel.Extensibility;

/// <summary>
/// What one kind of backend does in the kernel for one address family: which device it needs, which entries lead to a peer, and how these are
/// recognised, read and written. Everything else (loops, monitor, review, status, logs, leftovers) is <see cref="KernelNetwork"/>'s.
/// </summary>
/// <remarks><see cref="Recognize"/> and <see cref="AddEntries"/> may run beside the others; those run one at a time.</remarks>
/// <typeparam name="TKey">What identifies an entry in the kernel.</typeparam>
/// <typeparam name="TEntry">What an entry says; compared by value.</typeparam>
/// <param name="context">The family on its host.</param>
[SupportedOSPlatform("linux")]
[Experimental(ExperimentalApi.KernelBackends)]
public abstract class KernelMechanism<TKey, TEntry>(KernelContext context) : IReconcileTarget<TKey, TEntry>
    where TKey : notnull
{
    /// <summary>What logs and errors call the data path: <c>flannel.1</c>, <c>the routes over eth0</c>.</summary>
    public abstract string Name { get; }

    /// <summary>The MTU in bytes of the overlay.</summary>
    public abstract int Mtu { get; }

    /// <summary>The device that the network keeps, or <see langword="null"/> if it needs none. It is never taken for a leftover.</summary>
    public virtual string? Device => null;

    /// <summary>What a guard can hold off, or <see langword="null"/> if nothing. Asked for before <see cref="Prepare"/>.</summary>
    public virtual GuardedTunnel? Tunnel => null;

    /// <summary>What is published with the lease for this family, or <see langword="null"/>.</summary>
    public virtual string? LeaseData => null;

    /// <summary>What to listen to beside the links, addresses and routes of the family.</summary>
    public virtual RouteMonitorGroups Groups => RouteMonitorGroups.None;

    /// <summary>Whether the entries of a peer depend on how its host is reached, so that they are derived again when routes change.</summary>
    public virtual bool DependsOnRoutes => false;

    /// <inheritdoc />
    public abstract IComparer<TKey> Order { get; }

    /// <summary>The family on its host.</summary>
    protected KernelContext Context { get; } = context;

    /// <summary>The address family.</summary>
    protected NetworkFamily Family => Context.Family;

    /// <summary>The kernel.</summary>
    protected RouteNetlink Netlink => Context.Netlink;

    /// <summary>Creates or adopts what is needed before a lease can be published. Nothing that carries traffic is disturbed.</summary>
    /// <exception cref="FlannelException">The host refuses; says what to do.</exception>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    public virtual void Prepare()
    {
    }

    /// <summary>Puts the node's subnet into effect.</summary>
    /// <param name="subnetBase">The first address of the node's own subnet.</param>
    /// <exception cref="FlannelException">The host refuses; says what to do.</exception>
    /// <exception cref="NetlinkException">The kernel refuses.</exception>
    public virtual void Activate(IPAddress subnetBase)
    {
    }

    /// <summary>The backend's opinion of a peer: <see langword="null"/> to accept it, else the reason to quarantine it.</summary>
    /// <param name="peer">The peer.</param>
    public virtual string? CheckPeer(FamilyPeer peer) => null;

    /// <summary>The MAC that a peer's packets come with out of the device of <see cref="Tunnel"/>; <see langword="null"/> if none can.</summary>
    /// <param name="peer">The peer.</param>
    public virtual PhysicalAddress? FindMac(FamilyPeer peer) => null;

    /// <summary>Chooses the form of the entries for a number of peers.</summary>
    /// <param name="peers">How many peers there are.</param>
    /// <returns>Whether the entries of every peer have to be derived again.</returns>
    public virtual bool Adapt(int peers) => false;

    /// <summary>Derives the entries that lead to a peer.</summary>
    /// <param name="peer">The peer.</param>
    /// <param name="entries">Where to put them, each key once.</param>
    /// <returns>Why the peer cannot be reached, or <see langword="null"/>.</returns>
    public abstract string? AddEntries(FamilyPeer peer, ICollection<KeyValuePair<TKey, TEntry>> entries);

    /// <inheritdoc />
    public abstract IReadOnlyDictionary<TKey, TEntry> Read(CancellationToken cancellationToken);

    /// <inheritdoc />
    public abstract void Apply(
        IReadOnlyList<ReconcileChange<TKey, TEntry>> changes, IDictionary<TKey, Exception> failures, CancellationToken cancellationToken);

    /// <summary>Says what a notification means. Those about the external interface are answered already.</summary>
    /// <param name="notification">What the kernel reported.</param>
    public abstract Sighting<TKey, TEntry> Recognize(RouteNotification notification);

    /// <summary>Removes everything that belongs to the network. The loops have ended.</summary>
    public abstract void Remove();

    /// <summary>Makes the backend's exception for something that the kernel refused.</summary>
    /// <param name="message">What was refused.</param>
    /// <param name="refusal">The refusal.</param>
    public abstract FlannelException NewRefusal(string message, NetlinkException refusal);
}
