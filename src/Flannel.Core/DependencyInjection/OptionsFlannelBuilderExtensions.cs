using System.Diagnostics.CodeAnalysis;
using Flannel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Sets the options of a network's node, and those of what it uses.</summary>
public static class OptionsFlannelBuilderExtensions
{
    /// <summary>Sets the node's options; called again it adds to them.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options.</param>
    public static IFlannelBuilder Configure(this IFlannelBuilder builder, Action<FlannelOptions> configure) =>
        builder.Configure<FlannelOptions>(configure);

    /// <summary>Sets the node's options with the help of services; called again it adds to them.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    public static IFlannelBuilder Configure(this IFlannelBuilder builder, Action<FlannelOptions, IServiceProvider> configure) =>
        builder.Configure<FlannelOptions>(configure);

    /// <summary>Binds the node's options to configuration, and follows its changes as far as the options say that they are read live.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the <see cref="FlannelOptions"/>.</param>
    public static IFlannelBuilder Configure(this IFlannelBuilder builder, IConfiguration configuration) =>
        builder.Configure<FlannelOptions>(configuration, static (section, options) => section.Bind(options));

    /// <summary>Sets options of what the network uses, for <c>Use…</c> methods. They have the network's name.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options; <see langword="null"/> changes nothing.</param>
    /// <typeparam name="TOptions">
    /// The options' type. What makes the part reads them by <c>provider.GetRequiredService&lt;IOptionsMonitor&lt;TOptions&gt;&gt;().Get(name)</c>.
    /// </typeparam>
    public static IFlannelBuilder Configure<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        this IFlannelBuilder builder, Action<TOptions>? configure)
        where TOptions : class
    {
        var network = FlannelBuilder.From(builder);
        if (configure is not null) network.Set<TOptions>((options, _) => configure(options));
        return builder;
    }

    /// <summary>Sets options of what the network uses with the help of services, for <c>Use…</c> methods. They have the network's name.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="configure">Sets the options, given the services of the process.</param>
    /// <typeparam name="TOptions">The options' type.</typeparam>
    public static IFlannelBuilder Configure<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        this IFlannelBuilder builder, Action<TOptions, IServiceProvider> configure)
        where TOptions : class
    {
        FlannelBuilder.From(builder).Set(configure);
        return builder;
    }

    /// <summary>
    /// Binds options of what the network uses to configuration, for <c>Use…</c> methods. They have the network's name and follow its changes.
    /// </summary>
    /// <param name="builder">The network.</param>
    /// <param name="configuration">The section that holds the options.</param>
    /// <param name="bind">
    /// Binds them: <c>static (section, options) =&gt; section.Bind(options)</c>, written where the type is known, so that the binding can be
    /// generated.
    /// </param>
    /// <typeparam name="TOptions">The options' type.</typeparam>
    public static IFlannelBuilder Configure<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        this IFlannelBuilder builder, IConfiguration configuration, Action<IConfiguration, TOptions> bind)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(bind);
        var network = FlannelBuilder.From(builder);
        network.Follow<TOptions>(configuration);
        network.Set<TOptions>((options, _) => bind(configuration, options));
        return builder;
    }

    /// <summary>Adds rules for options of what the network uses, for <c>Use…</c> methods. A type of rules is added once.</summary>
    /// <param name="builder">The network.</param>
    /// <param name="rules">The rules. They have to pass over options of other names if they are not meant for all.</param>
    /// <typeparam name="TOptions">The options' type.</typeparam>
    public static IFlannelBuilder Validate<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TOptions>(
        this IFlannelBuilder builder, IValidateOptions<TOptions> rules)
        where TOptions : class
    {
        ArgumentNullException.ThrowIfNull(rules);
        FlannelBuilder.From(builder).Require(rules);
        return builder;
    }
}
