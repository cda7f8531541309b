namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Tells one Flannel network what to use: a store, backends, options. It comes from <c>AddFlannel()</c>, while an application is composed, or from
/// <c>IFlannelNetworks.CreateAsync()</c>, while it runs; the same <c>Use…</c> methods work on both. Every package brings its own.
/// </summary>
/// <remarks>
/// Where a network can have one of a kind, the last call counts: <c>UseEtcd().UseInMemoryStore()</c> keeps leases in memory, so that a test can
/// override what a program says. A store (<c>UseStore</c>) and a subnet manager (<c>UseSubnetManager</c>) are of one kind. Of backends there are
/// many, told apart by type: a second call for the same type replaces the first. Two types whose backends have the same name are refused when the
/// network is made. Options add up: what is set last counts. Implemented by Flannel only; members may be added.
/// </remarks>
public interface IFlannelBuilder
{
    /// <summary>The network's name: the key of its keyed services and the name of its options; empty for the default network.</summary>
    string Name { get; }

    /// <summary>The services being configured, for what else an application needs.</summary>
    /// <exception cref="InvalidOperationException">
    /// The network is made while the process runs, when services cannot be registered any more. <c>Use…</c> and <c>Configure</c> methods work
    /// nevertheless.
    /// </exception>
    IServiceCollection Services { get; }
}
