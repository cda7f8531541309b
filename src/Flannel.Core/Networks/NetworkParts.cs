using System.Diagnostics.Metrics;
using System.Runtime.ExceptionServices;
using Flannel.Core.Hosting;
using Flannel.Core.Leases.Policy;
using Flannel.Core.Sessions;
using Flannel.Core.Timing;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Flannel.Core.Networks;

/// <summary>The parts of one network, each made when it is asked for first, and closed with the network if it is the network's own.</summary>
/// <param name="recipe">How to make them.</param>
/// <param name="services">What the factories are given.</param>
internal sealed partial class NetworkParts(NetworkRecipe recipe, IServiceProvider services) : IDisposable, IAsyncDisposable
{
    /// <summary>How long one part may take to close.</summary>
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    // Resolved here, because the services are gone when the parts are disposed of.
    private readonly IOptionsMonitor<FlannelOptions> _options = services.GetRequiredService<IOptionsMonitor<FlannelOptions>>();
    private readonly TimeProvider _time = services.GetTime();
    private readonly ILoggerFactory _loggers = services.GetLoggerFactory();
    private readonly ILogger _logger = services.GetLogger<NetworkParts>();

    private readonly Lock _gate = new();

    // Guarded by _gate. In the order in which they were made.
    private readonly Stack<object> _own = new();
    private readonly Dictionary<object, object> _made = new(ReferenceEqualityComparer.Instance);
    private readonly HashSet<object> _making = new(ReferenceEqualityComparer.Instance);
    private SubnetManager? _policy;
    private bool _hasNode;

    public string Name => recipe.Name;

    /// <summary>Where the leases are; <see langword="null"/> if the subnet manager keeps them itself.</summary>
    public ILeaseStore? Store =>
        recipe.Store is { } store ? Make(store) : recipe.SubnetManager is not null ? null : throw Lacks(
            "lease store", "UseInMemoryStore(), UseEtcd() or UseStore<T>()");

    public ISubnetManager SubnetManager => recipe.SubnetManager is { } own ? Make(own) : Policy;

    public IReadOnlyList<IBackend> Backends
    {
        get
        {
            if (recipe.Backends.Count == 0) throw Lacks("backend", "UseVxlan() or UseBackend<T>()");
            IBackend[] backends = [.. Enumerable.Range(0, recipe.Backends.Count).Select(Backend)];
            foreach (IGrouping<string, IBackend> named in backends.GroupBy(static backend => backend.Name, StringComparer.OrdinalIgnoreCase))
            {
                if (named.ToArray() is not [var first, var second, ..]) continue;
                throw new InvalidOperationException(
                    $"{NetworkName.Of(Name)} has two backends named '{named.Key}': {first.GetType()} and {second.GetType()}. Leave one of the two " +
                    "Use… calls out, or give one backend another name.");
            }

            return backends;
        }
    }

    public IReadOnlyList<ITrafficRules> TrafficRules => [.. Enumerable.Range(0, recipe.TrafficRules.Count).Select(TrafficRule)];

    public IHostNetwork HostNetwork =>
        recipe.HostNetwork is { } host ? Make(host)
        : services.GetService<IHostNetwork>() is { } registered ? registered
        : recipe.UsualHostNetwork is { } usual ? Make(usual)
        : throw new InvalidOperationException(
            $"{NetworkName.Of(Name)} has nothing that knows the host's network (IHostNetwork). Call UseLinux() of the package Flannel.Linux on " +
            "what AddFlannel() returned, AddFlannelLinux() on the services, or UseHostNetwork<T>() for an implementation of your own.");

    private SubnetManager Policy
    {
        get
        {
            ILeaseStore store = Store!;
            lock (_gate)
            {
                return _policy ??= new SubnetManager(
                    store,
                    SubnetManagerOptions.From(_options.Get(Name)),
                    _time,
                    HostServices.NewRandom(),
                    _loggers.CreateLogger<SubnetManager>(),
                    services.GetService<IMeterFactory>(),
                    Name);
            }
        }
    }

    public IBackend Backend(int place) => Make(recipe.Backends[place]);

    public ITrafficRules TrafficRule(int place) => Make(recipe.TrafficRules[place]);

    /// <summary>Makes the node, and every part that it needs.</summary>
    /// <param name="claims">What the networks of the process have claimed.</param>
    /// <param name="willBeStarted">Whether somebody will start the node who has not done so yet.</param>
    /// <exception cref="OptionsValidationException">Options are invalid; every failure of all of them is in it.</exception>
    /// <exception cref="InvalidOperationException">A part is missing.</exception>
    public FlannelNode MakeNode(NetworkClaims claims, Func<bool> willBeStarted)
    {
        MakeAll();
        lock (_gate) _hasNode = true;
        return new FlannelNode(new NodeServices
        {
            Name = Name,
            ReadOptions = ReadOptions,
            Options = _options.Get(Name),
            SubnetManager = SubnetManager,
            Store = Store,
            Backends = Backends,
            HostNetwork = HostNetwork,
            TrafficRules = TrafficRules,
            Claims = claims,
            WillBeStarted = willBeStarted,
            Time = _time,
            Random = HostServices.NewRandom(),
            LoggerFactory = _loggers,
            MeterFactory = services.GetService<IMeterFactory>(),
        });
    }

    /// <summary>
    /// Has the service provider look at every part, so that it disposes of them after the node, which it has made after them.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The provider has other parts under the network's name, which somebody registered by hand.
    /// </exception>
    public void RequireSameIn(IServiceProvider provider)
    {
        if (provider.GetKeyedService<ILeaseStore>(Name) != Store) throw Foreign(nameof(ILeaseStore), "UseStore<T>()");
        if (provider.GetKeyedService<ISubnetManager>(Name) != SubnetManager) throw Foreign(nameof(ISubnetManager), "UseSubnetManager<T>()");
        if (provider.GetKeyedServices<IBackend>(Name).Except(Backends).Any()) throw Foreign(nameof(IBackend), "UseBackend<T>()");
        if (provider.GetKeyedServices<ITrafficRules>(Name).Except(TrafficRules).Any()) throw Foreign(nameof(ITrafficRules), "UseTrafficRules<T>()");
    }

    /// <summary>Closes what is the network's own, the last one made first. Never throws.</summary>
    public async Task CloseAsync()
    {
        while (true)
        {
            object? part;
            lock (_gate)
            {
                if (!_own.TryPop(out part)) return;
            }

            await CloseAsync(part).ConfigureAwait(false);
        }
    }

    /// <summary>For the service provider, which has seen the parts itself if there is a node; else nobody closes them.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_hasNode) return;
        }

        await CloseAsync().ConfigureAwait(false);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private FlannelOptions ReadOptions()
    {
        FlannelOptions options = _options.Get(Name);
        lock (_gate) _policy?.Use(SubnetManagerOptions.From(options));
        return options;
    }

    private TPart Make<TPart>(PartRecipe<TPart> part)
        where TPart : class
    {
        lock (_gate)
        {
            if (_made.TryGetValue(part, out object? known)) return (TPart)known;
            if (!_making.Add(part))
            {
                throw new InvalidOperationException(
                    $"What makes the {part.Type} of {NetworkName.Within(Name)} asks the services for the network's own {typeof(TPart).Name}, " +
                    "which is what it makes.");
            }

            TPart made;
            try
            {
                made = part.Create(services, Name)
                    ?? throw new InvalidOperationException($"What makes the {part.Type} of {NetworkName.Within(Name)} returned null.");
            }
            finally
            {
                _making.Remove(part);
            }

            _made.Add(part, made);
            if (part.Given is null && !IsService<TPart>(part.Type)) _own.Push(made);
            return made;
        }
    }

    /// <summary>Whether a part's type is a service of the process, which then is its owner.</summary>
    private bool IsService<TPart>(Type type) => type != typeof(TPart) && services.GetService<IServiceProviderIsService>()?.IsService(type) == true;

    /// <summary>Makes every part, so that all that is wrong is said at once.</summary>
    private void MakeAll()
    {
        List<Exception> errors = [];
        Try(() => _options.Get(Name));
        if (Try(() => Store)) Try(() => SubnetManager);
        Try(() => HostNetwork);
        Try(() => TrafficRules);
        if (recipe.Backends.Select((_, place) => Try(() => Backend(place))).ToArray().All(static isMade => isMade)) Try(() => Backends);
        if (errors is [var only]) ExceptionDispatchInfo.Throw(only);
        if (errors.Count > 0 && errors.TrueForAll(static error => error is OptionsValidationException))
        {
            throw new OptionsValidationException(
                Name, typeof(FlannelOptions), errors.Cast<OptionsValidationException>().SelectMany(static error => error.Failures).Distinct());
        }

        if (errors.Count > 0)
        {
            throw new InvalidOperationException(
                $"{NetworkName.Of(Name)} cannot be made for several reasons. " +
                $"{string.Join(' ', errors.Select(static error => error.Message))}", new AggregateException(errors));
        }

        bool Try(Func<object?> make)
        {
            try
            {
                _ = make();
                return true;
            }
            catch (Exception error)
            {
                // Thrown below, with what else is wrong. What one part lacks, another one may lack too.
                if (errors.TrueForAll(other => other.Message != error.Message)) errors.Add(error);
                return false;
            }
        }
    }

    private InvalidOperationException Lacks(string part, string calls) =>
        new($"{NetworkName.Of(Name)} has no {part}. Call a method such as {calls} on what AddFlannel() returned, or on what CreateAsync() hands " +
            "out. Keyed services are not taken.");

    private InvalidOperationException Foreign(string service, string call) => new(
        $"The services hold another keyed {service} for {NetworkName.Within(Name)} than the one it was told to use. Networks take none of the " +
        $"keyed services: call {call} on what AddFlannel() returned, and take the registration out.");

    private async Task CloseAsync(object part)
    {
        Task closing = part switch
        {
            IAsyncDisposable asynchronous => Task.Run(async () => await asynchronous.DisposeAsync().ConfigureAwait(false)),
            IDisposable disposable => Task.Run(disposable.Dispose),
            _ => Task.CompletedTask,
        };
        try
        {
            if (await closing.EndsWithinAsync(CloseLimit, _time).ConfigureAwait(false)) await closing.ConfigureAwait(false);
            else Log.NotClosed(_logger, null, NetworkName.Of(Name), part.GetType());
        }
        catch (Exception error)
        {
            // The other parts have to be closed as well, and nobody can do anything about this one.
            Log.NotClosed(_logger, VisibleText.Of(error), NetworkName.Of(Name), part.GetType());
        }
    }
}
