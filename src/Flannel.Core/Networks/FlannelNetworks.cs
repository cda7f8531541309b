using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Flannel.Core.Hosting;
using Flannel.Core.Sessions;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Flannel.Core.Networks;

/// <summary>Holds the networks of one service provider.</summary>
internal sealed class FlannelNetworks : IFlannelNetworks, IDisposable, IAsyncDisposable
{
    private readonly IServiceProvider _services;
    private readonly NetworkClaims _claims;
    private readonly bool _hasHost;

    private readonly Lock _gate = new();

    // Guarded by _gate.
    private readonly Dictionary<string, Place> _places = [];
    private bool _hostHasStarted;
    private bool _isDisposed;

    /// <param name="services">The root provider.</param>
    /// <param name="recipes">The networks that were composed at the start.</param>
    /// <param name="claims">What the networks of the process have claimed.</param>
    public FlannelNetworks(IServiceProvider services, IEnumerable<NetworkRecipe> recipes, NetworkClaims claims)
    {
        _services = services;
        _claims = claims;
        _hasHost = services.GetService<IServiceProviderIsService>()?.IsService(typeof(IHostApplicationLifetime)) == true;
        foreach (NetworkRecipe recipe in recipes.Where(static recipe => recipe.HasNode)) _places.Add(recipe.Name, new Place { IsComposed = true });
    }

    private enum Phase
    {
        /// <summary>Composed at the start and not made yet, or being made.</summary>
        Waiting,

        /// <summary>There to be used.</summary>
        There,

        /// <summary>On its way out.</summary>
        Leaving,
    }

    public IReadOnlyList<IFlannelNode> All
    {
        get
        {
            string[] names;
            lock (_gate) names = [.. _places.Keys];
            return [.. names.Select(Find).OfType<IFlannelNode>()];
        }
    }

    private bool HostWillStart
    {
        get
        {
            lock (_gate) return _hasHost && !_hostHasStarted;
        }
    }

    public IFlannelNode? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_gate)
        {
            if (_places.GetValueOrDefault(name) is not { } place || place.Phase == Phase.Leaving) return null;
            if (place.Phase == Phase.There) return place.Network!.Node;
            if (!place.IsComposed) return null;
        }

        try
        {
            return _services.GetRequiredKeyedService<IFlannelNode>(name);
        }
        catch (ObjectDisposedException)
        {
            // Removed meanwhile; unless it is the provider that is gone.
            lock (_gate)
            {
                if (_places.GetValueOrDefault(name) is not { IsComposed: true, Phase: not Phase.Leaving }) return null;
            }

            throw;
        }
    }

    /// <summary>Makes a network that was composed at the start. The service provider calls it once for each.</summary>
    public FlannelNode Compose(string name)
    {
        var parts = _services.GetRequiredKeyedService<NetworkParts>(name);
        FlannelNode node = parts.MakeNode(_claims, () => HostWillStart);
        parts.RequireSameIn(_services);
        lock (_gate)
        {
            if (_places.GetValueOrDefault(name) is { Phase: Phase.Waiting, IsComposed: true } place)
            {
                (place.Network, place.Phase) = (new FlannelNetwork(node, parts, null), Phase.There);
                return node;
            }
        }

        node.Dispose();
        throw new ObjectDisposedException(
            nameof(IFlannelNode), $"{NetworkName.Of(name)} was removed. Call CreateAsync() of IFlannelNetworks to make another one.");
    }

    public async Task<IFlannelNode> CreateAsync(string name, Action<IFlannelBuilder> configure, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(configure);
        cancellationToken.ThrowIfCancellationRequested();
        var place = new Place();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (!_places.TryAdd(name, place)) throw new NetworkExistsException(name, _places[name].Phase == Phase.Leaving);
        }

        FlannelNetwork? network = null;
        try
        {
            network = await MakeAsync(name, configure).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            await network.Node.StartAsync(cancellationToken).ConfigureAwait(false);
            place.Lifetime = _services.GetRequiredService<NetworkLifetime>();
            place.Lifetime.Tie(network);
            lock (_gate) (place.Network, place.Phase) = (network, Phase.There);
            return network.Node;
        }
        catch
        {
            if (network is not null) await network.DisposeAsync().ConfigureAwait(false);
            lock (_gate) _places.Remove(name);
            throw;
        }
        finally
        {
            place.Made.SetResult();
        }
    }

    public Task<bool> RemoveAsync(string name, CancellationToken cancellationToken = default) => RemoveAsync(name, mode: null, cancellationToken);

    public Task<bool> RemoveAsync(string name, StopMode mode, CancellationToken cancellationToken = default)
    {
        FlannelNode.Require(mode);
        return RemoveAsync(name, (StopMode?)mode, cancellationToken);
    }

    /// <summary>Makes every network that was composed at the start and is not made yet.</summary>
    /// <exception cref="AggregateException">Several cannot be made; one that cannot is thrown as it is.</exception>
    public void ComposeAll()
    {
        string[] names;
        lock (_gate) names = [.. _places.Keys];
        List<Exception> errors = [];
        foreach (string name in names)
        {
            try
            {
                _ = Find(name);
            }
            catch (Exception error)
            {
                // Thrown below, with what is wrong with the others.
                errors.Add(error);
            }
        }

        if (errors is [var only]) ExceptionDispatchInfo.Throw(only);
        if (errors.Count > 0) throw new AggregateException("Several Flannel networks cannot be made.", errors);
    }

    /// <summary>Starts every node that is there; the host does this once.</summary>
    /// <returns>The nodes.</returns>
    public async Task<IReadOnlyList<FlannelNode>> StartAsync(CancellationToken cancellationToken)
    {
        List<FlannelNode> started = [];
        foreach (FlannelNode node in All.Cast<FlannelNode>())
        {
            try
            {
                await node.StartAsync(cancellationToken).ConfigureAwait(false);
                started.Add(node);
            }
            catch (ObjectDisposedException)
            {
                // Removed meanwhile.
            }
        }

        lock (_gate) _hostHasStarted = true;
        return started;
    }

    /// <summary>Stops every node that is there.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        FlannelNode[] nodes;
        lock (_gate)
        {
            _hostHasStarted = true; // and does not start anything any more
            nodes = [.. _places.Values.Select(static place => place.Network?.Node).OfType<FlannelNode>()];
        }

        return Task.WhenAll(nodes.Select(node => node.StopAsync(cancellationToken)));
    }

    public async ValueTask DisposeAsync()
    {
        Place[] places;
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;

            // The service provider has made the others, and disposes of them.
            places = [.. _places.Values.Where(static place => !place.IsComposed)];
        }

        await Task.WhenAll(places.Select(DisposeAsync)).ConfigureAwait(false);
    }

    /// <summary>For containers that dispose synchronously; blocks until every node has stopped.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task<FlannelNetwork> MakeAsync(string name, Action<IFlannelBuilder> configure)
    {
        var recipe = new NetworkRecipe(name);
        var builder = new FlannelBuilder(recipe, services: null);
        configure(builder);
        builder.Close();
        var services = new RecipeServices(_services, recipe);
        var parts = new NetworkParts(recipe, services);
        try
        {
            return new FlannelNetwork(parts.MakeNode(_claims, static () => false), parts, services);
        }
        catch
        {
            await parts.CloseAsync().ConfigureAwait(false);
            services.Dispose();
            throw;
        }
    }

    private async Task<bool> RemoveAsync(string name, StopMode? mode, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        Place? place;
        while (!TryTake(name, out place, out Task? other))
        {
            if (place is null) return false;
            await other!.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            if (place.Network is { } network) await network.RemoveAsync(mode, cancellationToken).ConfigureAwait(false);
            place.Lifetime?.Tie(null);
        }
        finally
        {
            lock (_gate) _places.Remove(name);
            place.Gone.SetResult();
        }

        return true;
    }

    /// <summary>Marks a network as leaving.</summary>
    /// <param name="name">The network's name.</param>
    /// <param name="place">What stands under the name, or <see langword="null"/>.</param>
    /// <param name="other">What has to end before anybody can try again: somebody else makes the network, or removes it.</param>
    private bool TryTake(string name, [NotNullWhen(true)] out Place? place, out Task? other)
    {
        other = null;
        lock (_gate)
        {
            place = _places.GetValueOrDefault(name);
            if (place is null) return false;
            if (place.Phase == Phase.Leaving) other = place.Gone.Task;
            else if (place is { Phase: Phase.Waiting, IsComposed: false }) other = place.Made.Task;
            else place.Phase = Phase.Leaving;
            return other is null;
        }
    }

    private static async Task DisposeAsync(Place place)
    {
        await place.Made.Task.ConfigureAwait(false);
        if (place.Network is { } network) await network.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>What stands under a name. Guarded by the owner.</summary>
    private sealed class Place
    {
        /// <summary>Whether the service provider makes the network and disposes of it.</summary>
        public bool IsComposed { get; init; }

        public Phase Phase { get; set; }

        public FlannelNetwork? Network { get; set; }

        public NetworkLifetime? Lifetime { get; set; }

        /// <summary>Ends when the network has been made, or could not be made.</summary>
        public TaskCompletionSource Made { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when the network has been removed.</summary>
        public TaskCompletionSource Gone { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
