using Microsoft.Extensions.DependencyInjection;

namespace Flannel;

/// <summary>
/// The networks of this process: those composed by <c>AddFlannel()</c> and those made while it runs, told apart by name. Each is held as this host's
/// node of it. All members may be called from any thread at any time.
/// </summary>
/// <remarks>
/// A generic host starts and stops all of them; without one, disposing the service provider stops those that still run. Every network has its own
/// store, backends and options; networks in one etcd cluster share its connections. Two networks that run at the same time in one network
/// namespace need ranges that do not overlap and VNIs (VXLAN) or ports (udp) that differ; the second is refused otherwise
/// (<see cref="NetworkConflictException"/>). The kernel routes between networks of one host as between any of its interfaces: they are apart, not
/// isolated.
/// </remarks>
public interface IFlannelNetworks
{
    /// <summary>The node of every network that is there now, in no particular order.</summary>
    /// <exception cref="InvalidOperationException">A network composed at the start lacks a part; the message names the call to make.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">Options of a network composed at the start are invalid.</exception>
    IReadOnlyList<IFlannelNode> All { get; }

    /// <summary>Finds a network's node.</summary>
    /// <param name="name">The network's name; empty for the default network.</param>
    /// <returns>The node; <see langword="null"/> if there is no such network, or it is being made or removed.</returns>
    /// <exception cref="InvalidOperationException">
    /// The network was composed at the start and lacks a part; the message names the call to make.
    /// </exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// The network was composed at the start and its options are invalid.
    /// </exception>
    IFlannelNode? Find(string name);

    /// <summary>
    /// Makes a network and starts its node; await <see cref="IFlannelNode.WaitForReadyAsync(CancellationToken)"/> next. If this fails, nothing is
    /// left and the name is free.
    /// </summary>
    /// <param name="name">The network's name; any text that no other network of this process has.</param>
    /// <param name="configure">
    /// Names store, backends and options by the same <c>Use…</c> and <c>Configure</c> methods as behind <c>AddFlannel()</c>. Called once, before this
    /// returns.
    /// </param>
    /// <param name="cancellationToken">Ends the call. A node that has been started is not affected.</param>
    /// <returns>The network's node, which has been started.</returns>
    /// <exception cref="NetworkExistsException">There is a network of that name.</exception>
    /// <exception cref="InvalidOperationException">A part is missing; the message names the call to make.</exception>
    /// <exception cref="Microsoft.Extensions.Options.OptionsValidationException">
    /// Options are invalid; it has every failure of all of them.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The service provider was disposed.</exception>
    Task<IFlannelNode> CreateAsync(string name, Action<IFlannelBuilder> configure, CancellationToken cancellationToken = default);

    /// <summary>Stops a network's node as its options say (<see cref="FlannelOptions.StopMode"/>), closes its store and forgets it.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="cancellationToken">Cuts the stop short: what could not be undone in time stays. The network is removed nevertheless.</param>
    /// <returns>
    /// Whether this call removed it. <see langword="false"/> if there is no such network, or if another call was removing it, which has then ended.
    /// </returns>
    Task<bool> RemoveAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Stops a network's node as this call says, closes its store and forgets it. The name is free afterwards.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="mode">What stays behind.</param>
    /// <param name="cancellationToken">Cuts the stop short: what could not be undone in time stays. The network is removed nevertheless.</param>
    /// <returns>
    /// Whether this call removed it. <see langword="false"/> if there is no such network, or if another call was removing it, which has then ended.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such mode.</exception>
    Task<bool> RemoveAsync(string name, StopMode mode, CancellationToken cancellationToken = default);
}
