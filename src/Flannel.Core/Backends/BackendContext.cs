namespace Flannel.Extensibility;

/// <summary>What a backend is given to build its network from.</summary>
public sealed record BackendContext
{
    /// <summary>The network's name in this process (empty for the default one); for messages and metrics.</summary>
    public required string NetworkName { get; init; }

    /// <summary>The network's configuration, with the backend's own block in <see cref="NetworkConfig.Backend"/>.</summary>
    public required NetworkConfig Config { get; init; }

    /// <summary>The interface that carries the outer packets.</summary>
    public required ExternalInterface ExternalInterface { get; init; }

    /// <summary>The network namespace to work in (name or path), or <see langword="null"/> for the process's own.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>
    /// What the node last published, if it holds a lease already; lets a backend keep its identity (a MAC) across a lost device or a reboot.
    /// </summary>
    public LeaseAttributes? PreviousAttributes { get; init; }

    /// <summary>How often the kernel's state is compared in full with the desired state even if nothing seems to have changed.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Who may send what through the tunnel, for backends that can hold others off.</summary>
    public GuardOptions Guard { get; init; } = new();
}
