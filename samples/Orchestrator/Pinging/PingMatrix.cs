using System.Net;
using System.Net.Sockets;
using Orchestrator.Machines;

namespace Orchestrator.Pinging;

/// <summary>Everybody pings everybody else.</summary>
internal sealed class PingMatrix : IAsyncDisposable
{
    /// <summary>Few enough that the round-trip times are those of the network and not of this process.</summary>
    private const int AtOnce = 2;

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
                _pingers.Add((container, address.AddressFamily), new Pinger(container.Machine, address));
        }
    }

    /// <param name="progress">Told now and then how far it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One ping for every ordered pair of containers and address of the second, in the order of the containers.</returns>
    public async Task<IReadOnlyList<Ping>> RunAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        // The first ping of a process pays for compiling the code: let everybody's first one go to the bridge next door.
        await RunAsync([.. from source in _containers from gateway in source.Gateways select (source, gateway)], _ => { }, cancellationToken);

        List<(DemoContainer From, DemoContainer To, IPAddress Address)> plan =
        [
            .. from source in _containers
               from target in _containers
               where source != target
               from address in target.Addresses
               select (source, target, address),
        ];
        IReadOnlyList<TimeSpan?> roundTrips = await RunAsync([.. plan.Select(ping => (ping.From, ping.Address))], progress, cancellationToken);
        return [.. plan.Zip(roundTrips, (ping, roundTrip) => new Ping(ping.From, ping.To, ping.Address, roundTrip))];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Pinger pinger in _pingers.Values) await pinger.DisposeAsync();
    }

    private async Task<IReadOnlyList<TimeSpan?>> RunAsync(
        IReadOnlyList<(DemoContainer From, IPAddress To)> pings, Action<string> progress, CancellationToken cancellationToken)
    {
        var roundTrips = new Task<TimeSpan?>[pings.Count];
        int asked = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, pings.Count, options, async (i, _) =>
        {
            (DemoContainer from, IPAddress to) = pings[i];
            roundTrips[i] = _pingers[(from, to.AddressFamily)].PingAsync(to, cancellationToken);
            await Task.WhenAny(roundTrips[i], Task.Delay(Usual, cancellationToken));
            if (Interlocked.Increment(ref asked) % 100 == 0) progress($"{asked} of {pings.Count}");
        });
        return await Task.WhenAll(roundTrips);
    }
}
