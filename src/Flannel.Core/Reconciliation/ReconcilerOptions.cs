using System.Diagnostics.CodeAnalysis;

namespace Flannel.Extensibility;

/// <summary>The reconciler's timing, and what its traces say.</summary>
[Experimental("FLANNEL001")]
public sealed record ReconcilerOptions
{
    /// <summary>The network's name in this process, for traces. Empty, the default, is the default network.</summary>
    public string NetworkName { get; init; } = "";

    /// <summary>How often everything is read and compared even if nothing seems to have changed. Default 60 s.</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The back-off after an entry's first failure; it doubles with each further one, with jitter. Default 100 ms.</summary>
    public TimeSpan MinimumBackOff { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The longest back-off. Default 30 s.</summary>
    public TimeSpan MaximumBackOff { get; init; } = TimeSpan.FromSeconds(30);
}
