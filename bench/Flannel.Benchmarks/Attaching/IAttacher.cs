using Flannel.Benchmarks.Labs;

namespace Flannel.Benchmarks.Attaching;

/// <summary>A way to give containers a network.</summary>
internal interface IAttacher
{
    /// <summary>Attaches a container.</summary>
    /// <param name="container">The container; its name is its id.</param>
    /// <param name="hostPort">The port of the host that leads to port 80 of the container; <see langword="null"/> for none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task AttachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken);

    /// <summary>Takes it off again.</summary>
    /// <param name="container">The container.</param>
    /// <param name="hostPort">As it was attached.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    Task DetachAsync(LabHost container, int? hostPort, CancellationToken cancellationToken);
}
