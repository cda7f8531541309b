using System.Diagnostics.Metrics;
using Flannel;
using Flannel.Core.Configuration;
using Flannel.Core.Hosting;
using Flannel.Core.Leases;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers Flannel networks.</summary>
public static class FlannelServiceCollectionExtensions
{
    /// <summary>
    /// Registers this host's node of the default network, resolved as <see cref="IFlannelNode"/>. A generic host starts and stops it; without
    /// one, call <see cref="IFlannelNode.StartAsync"/>. Name a store and at least one backend on the builder that is returned.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, Action<FlannelOptions>? configure = null) =>
        services.AddFlannel(Options.Options.DefaultName, configure);

    /// <summary>Registers this host's node of the default network with options bound from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configuration">The section that holds the <see cref="FlannelOptions"/>.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, IConfiguration configuration) =>
        services.AddFlannel(Options.Options.DefaultName, configuration);

    /// <summary>Registers this host's node of a named network with options bound from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The network's name.</param>
    /// <param name="configuration">The section that holds the <see cref="FlannelOptions"/>.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, string name, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        IFlannelBuilder builder = services.AddFlannel(name);
        builder.Services.AddOptions<FlannelOptions>(name).Bind(configuration);
        return builder;
    }

    /// <summary>
    /// Registers a node of a named network, so that several networks (or several hosts as network namespaces) run side by side. It is resolved
    /// as a keyed <see cref="IFlannelNode"/>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="name">The network's name.</param>
    /// <param name="configure">Sets the options; called again for the same network it adds to them.</param>
    public static IFlannelBuilder AddFlannel(this IServiceCollection services, string name, Action<FlannelOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);

        AddOptions(services, name, configure);
        services.TryAddSingleton<NetworkClaims>();
        services.TryAddKeyedSingleton<ISubnetManager>(name, static (provider, key) => CreateSubnetManager(provider, (string)key!));
        if (!services.Any(service => service.IsKeyedService && service.ServiceType == typeof(IFlannelNode) && name.Equals(service.ServiceKey)))
        {
            services.AddKeyedSingleton<IFlannelNode>(name, static (provider, key) => CreateNode(provider, (string)key!));
            if (name == Options.Options.DefaultName)
                services.AddSingleton(static provider => provider.GetRequiredKeyedService<IFlannelNode>(Options.Options.DefaultName));
            services.AddSingleton<IHostedService>(provider => new FlannelHostedService(provider.GetRequiredKeyedService<IFlannelNode>(name)));
        }

        return new FlannelBuilder(name, services);
    }

    private static void AddOptions(IServiceCollection services, string name, Action<FlannelOptions>? configure)
    {
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FlannelOptions>, FlannelOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<FlannelOptions>, FlannelOptionsRules>());
        OptionsBuilder<FlannelOptions> options = services.AddOptions<FlannelOptions>(name).ValidateOnStart();
        if (configure is not null) options.Configure(configure);
    }

    private static SubnetManager CreateSubnetManager(IServiceProvider provider, string name)
    {
        FlannelOptions options = provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(name);
        ILeaseStore store = provider.GetKeyedService<ILeaseStore>(name)
            ?? throw new InvalidOperationException($"{NetworkName.Of(name)} has no lease store. Call a method such as UseInMemoryStore() on what AddFlannel() returned.");
        return new SubnetManager(
            store,
            new SubnetManagerOptions
            {
                TimeToLive = options.LeaseTimeToLive,
                RenewMargin = options.LeaseRenewMargin,
                PeerGracePeriod = options.PeerGracePeriod,
                MaxPeers = options.MaxPeers,
                MaxQuarantined = options.MaxQuarantined,
            },
            Time(provider),
            NewRandom(),
            Loggers(provider).CreateLogger<SubnetManager>(),
            provider.GetService<IMeterFactory>(),
            name);
    }

    private static FlannelNode CreateNode(IServiceProvider provider, string name) => new(new NodeServices
    {
        Name = name,
        Options = provider.GetRequiredService<IOptionsMonitor<FlannelOptions>>().Get(name),
        SubnetManager = provider.GetRequiredKeyedService<ISubnetManager>(name),
        Backends = GetBackends(provider, name),
        HostNetwork = provider.GetService<IHostNetwork>()
            ?? throw new InvalidOperationException(
                $"{NetworkName.Of(name)} has a backend, but nothing that knows the host's network (IHostNetwork). " +
                "Call AddFlannelLinux() of the package Flannel.Linux on the services, or register an implementation of your own."),
        TrafficRules = [.. provider.GetKeyedServices<ITrafficRules>(name)],
        Claims = provider.GetRequiredService<NetworkClaims>(),
        Time = Time(provider),
        Random = NewRandom(),
        LoggerFactory = Loggers(provider),
        MeterFactory = provider.GetService<IMeterFactory>(),
    });

    private static IBackend[] GetBackends(IServiceProvider provider, string name)
    {
        IBackend[] backends = [.. provider.GetKeyedServices<IBackend>(name)];
        return backends.Length > 0
            ? backends
            : throw new InvalidOperationException($"{NetworkName.Of(name)} has no backend. Call a method such as UseVxlan() on what AddFlannel() returned.");
    }

    private static TimeProvider Time(IServiceProvider provider) => provider.GetService<TimeProvider>() ?? TimeProvider.System;

    private static ILoggerFactory Loggers(IServiceProvider provider) => provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;

    /// <summary>A generator of one's own for each component: <see cref="Random"/> with a seed is not safe for concurrent use.</summary>
    /// <remarks>A new <see cref="Guid"/> is of the kernel's random bits.</remarks>
    private static Random NewRandom() => new(Guid.NewGuid().GetHashCode());
}
