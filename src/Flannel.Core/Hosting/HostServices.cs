using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flannel.Extensibility;

/// <summary>What the parts of a network take from the program that hosts them, and what counts if it brings none.</summary>
public static class HostServices
{
    /// <summary>The clock: the program's <see cref="TimeProvider"/>, else the system's.</summary>
    /// <param name="provider">The program's services.</param>
    public static TimeProvider GetTime(this IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;

    /// <summary>Where to log: the program's <see cref="ILoggerFactory"/>, else nowhere.</summary>
    /// <param name="provider">The program's services.</param>
    public static ILoggerFactory GetLoggerFactory(this IServiceProvider provider) =>
        provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;

    /// <summary>A logger of a category.</summary>
    /// <param name="provider">The program's services.</param>
    /// <typeparam name="T">The type that the category is named after.</typeparam>
    public static ILogger<T> GetLogger<T>(this IServiceProvider provider) => provider.GetLoggerFactory().CreateLogger<T>();

    /// <summary>A generator for one component: <see cref="Random"/> with a seed is not safe for concurrent use.</summary>
    /// <remarks>A new <see cref="Guid"/> is of the kernel's random bits.</remarks>
    public static Random NewRandom() => new(Guid.NewGuid().GetHashCode());
}
