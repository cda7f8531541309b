using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;

namespace Flannel.Linux.DataPaths;

/// <summary>What a backend in the kernel gets from its host application.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Random">Spreads back-offs.</param>
/// <param name="Logger">Where to log, under the backend's own name.</param>
[Experimental(Diagnostics.ExperimentalApi.KernelBackends)]
public sealed record KernelServices(TimeProvider Time, Random Random, ILogger Logger);
