using System.Net;
using System.Net.Sockets;
using Orchestrator.Machines;

namespace Orchestrator.Pinging;

/// <summary>Everybody pings everybody else.</summary>
internal sealed class PingMatrix : IAsyncDisposable
{
    /// <summary>Few enough that the round-trip times are those of the network and not of this process.</summary>
    private const int AtOnce = 8;

    /// <summary>A ping that takes longer waits aside, so that silent containers do not hold up the others.</summary>
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<DemoContainer> _containers;
    private readonly Dictionary<(DemoContainer, AddressFamily), Pinger> _pingers = [];

    public PingMatrix(IReadOnlyList<DemoContainer> containers)
    {
        _containers = containers;
        foreach (DemoContainer container in containers)
        {
            foreach (IPAddress address in container.Addresses)
                _pingers.Add((container, address.AddressFamily), new Pinger(container.Machine, address.AddressFamily));
        }
    }

    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One ping for every ordered pair of containers and address of the second, in the order of the containers.</returns>
    public async Task<IReadOnlyList<Ping>> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        await WarmUpAsync(cancellationToken);

        List<(DemoContainer From, DemoContainer To, IPAddress Address)> plan =
        [
            .. from source in _containers
               from target in _containers
               where source != target
               from address in target.Addresses
               select (source, target, address),
        ];
        var roundTrips = new Task<TimeSpan?>[plan.Count];
        int asked = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, plan.Count, options, async (i, _) =>
        {
            roundTrips[i] = PingAsync(plan[i].From, plan[i].Address, cancellationToken);
            await Task.WhenAny(roundTrips[i], Task.Delay(Usual, cancellationToken));
            if (Interlocked.Increment(ref asked) % 100 == 0) progress($"{asked} of {plan.Count}");
        });

        await Task.WhenAll(roundTrips);
        return [.. plan.Zip(roundTrips, (pair, roundTrip) => new Ping(pair.From, pair.To, pair.Address, roundTrip.Result))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Pinger pinger in _pingers.Values) await pinger.DisposeAsync();
    }

    // The first ping of a process pays for the compilation of its code: let everybody's first one go to the bridge next door.
    private async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        foreach (DemoContainer container in _containers)
        {
            foreach (IPAddress gateway in container.Gateways) await PingAsync(container, gateway, cancellationToken);
        }
    }

    private Task<TimeSpan?> PingAsync(DemoContainer from, IPAddress to, CancellationToken cancellationToken) =>
        _pingers[(from, to.AddressFamily)].PingAsync(to, cancellationToken);
}
