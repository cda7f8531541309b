using System.Net;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.DataPaths;

/// <summary>One address family of a network at work, whatever its mechanism.</summary>
[SupportedOSPlatform("linux")]
internal abstract class KernelDataPath : IAsyncDisposable
{
    public abstract KernelContext Context { get; }

    public NetworkFamily Family => Context.Family;

    /// <summary>What logs and errors call it.</summary>
    public abstract string Name { get; }

    /// <summary>The device that it keeps, if any.</summary>
    public abstract string? Device { get; }

    /// <summary>What is published with the lease, if anything.</summary>
    public abstract string? LeaseData { get; }

    public abstract DataPathStatus Status { get; }

    /// <summary>How many entries have been written or removed so far.</summary>
    public abstract long Writes { get; }

    /// <summary>How many times the kernel was read and compared in full so far.</summary>
    public abstract long Resyncs { get; }

    /// <summary>Creates or adopts what is needed before a lease is published.</summary>
    public abstract void Prepare();

    /// <summary>Puts the node's subnet into effect and starts the loops.</summary>
    /// <param name="subnet">The node's own subnet.</param>
    /// <param name="onStatusChanged">Called when <see cref="Status"/> may have changed.</param>
    public abstract void Start(IPNetwork subnet, Action onStatusChanged);

    /// <summary>Waits until the node's address can be reached, but not for long: the data path works without it, too.</summary>
    public abstract Task WaitForAddressAsync(CancellationToken cancellationToken);

    /// <summary>The mechanism's opinion of a peer.</summary>
    /// <param name="peer">The peer's lease.</param>
    /// <param name="hasSubnet">Whether the peer has a subnet of this family.</param>
    /// <returns>Why it is refused, or <see langword="null"/>.</returns>
    public abstract string? CheckPeer(Lease peer, out bool hasSubnet);

    /// <summary>Replaces all peers.</summary>
    public abstract void SetPeers(IReadOnlyList<Lease> peers);

    /// <summary>Changes the peers.</summary>
    public abstract void ChangePeers(IReadOnlyList<LeaseChange> changes);

    /// <summary>Ends the loops and leaves the kernel as it is.</summary>
    public abstract Task StopAsync();

    /// <summary>Removes everything that belongs to the network. The loops have ended.</summary>
    public abstract void Remove();

    public abstract ValueTask DisposeAsync();
}
