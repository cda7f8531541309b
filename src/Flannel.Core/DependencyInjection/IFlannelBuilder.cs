namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a store, backends and more to one Flannel network. Every package brings its own <c>Use…</c> methods.</summary>
public interface IFlannelBuilder
{
    /// <summary>The network's name: the key of its keyed services and the name of its options; empty for the default network.</summary>
    string Name { get; }

    /// <summary>The services being configured.</summary>
    IServiceCollection Services { get; }
}
