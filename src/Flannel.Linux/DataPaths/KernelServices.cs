using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Extensibility;

/// <summary>What a backend gets from its host application.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">Spreads back-offs and makes identifiers; used by one caller at a time.</param>
/// <param name="Logger">Where to log, under the backend's own name.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record KernelServices(TimeProvider Time, Random Random, ILogger Logger)
{
    /// <summary>Takes what the host application registered; it need register neither a clock nor logging.</summary>
    /// <param name="provider">The services.</param>
    /// <typeparam name="TBackend">The backend, whose name is the logger's.</typeparam>
    public static KernelServices From<TBackend>(IServiceProvider provider) => new(
        provider.GetTime(),
        HostServices.NewRandom(),
        provider.GetLogger<TBackend>());
}
