using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// The addresses of the cluster: in an order of this node's own, so that many nodes spread; staying with one that works; coming back to one that
/// failed after a pause that doubles, drawn at random. Safe for concurrent use.
/// </summary>
internal sealed class EtcdEndpoints
{
    private static readonly BackOff Pauses = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5), jitter: 1);

    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly EtcdEndpoint[] _endpoints;

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly Random _random;
    private int _current;

    /// <param name="addresses">At least one address.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">The source of random numbers; used by this object alone.</param>
    public EtcdEndpoints(IEnumerable<Uri> addresses, TimeProvider time, Random random)
    {
        _time = time;
        _start = time.GetTimestamp();
        _random = random;
        _endpoints = [.. addresses.Select(address => new EtcdEndpoint(address))];
        random.Shuffle(_endpoints);
    }

    private TimeSpan Now => _time.GetElapsedTime(_start);

    /// <summary>All of them, once each: the one in use first, those that failed lately last.</summary>
    public IReadOnlyList<EtcdEndpoint> InOrder()
    {
        lock (_lock)
        {
            TimeSpan now = Now;
            return
            [
                .. Enumerable.Range(_current, _endpoints.Length)
                    .Select(index => _endpoints[index % _endpoints.Length])
                    .OrderBy(endpoint => endpoint.RetryAt > now ? endpoint.RetryAt : TimeSpan.Zero),
            ];
        }
    }

    /// <summary>Stays with this one. Returns whether it had failed before.</summary>
    public bool Succeeded(EtcdEndpoint endpoint)
    {
        lock (_lock)
        {
            bool hadFailed = endpoint.Failures > 0;
            (endpoint.Failures, endpoint.RetryAt) = (0, TimeSpan.Zero);
            _current = Array.IndexOf(_endpoints, endpoint);
            return hadFailed;
        }
    }

    /// <summary>Prefers the others. Returns whether it had worked before.</summary>
    public bool Failed(EtcdEndpoint endpoint)
    {
        lock (_lock)
        {
            endpoint.Failures++;
            endpoint.RetryAt = Now + Pauses.Delay(endpoint.Failures, _random);
            if (_endpoints[_current] == endpoint)
                _current = (_current + 1) % _endpoints.Length;
            return endpoint.Failures == 1;
        }
    }

    /// <summary>A pause before the next attempt of something that failed this often.</summary>
    public TimeSpan Pause(int failures)
    {
        lock (_lock)
            return Pauses.Delay(failures, _random);
    }

    /// <summary>A random number that can name an etcd lease: positive and not 0, which means none.</summary>
    public long NextLeaseId()
    {
        lock (_lock)
            return _random.NextInt64(1, long.MaxValue);
    }

    /// <summary>Forgets which endpoints failed lately: what they failed for may be gone.</summary>
    public void ForgetFailures()
    {
        lock (_lock)
        {
            foreach (EtcdEndpoint endpoint in _endpoints)
                endpoint.RetryAt = TimeSpan.Zero;
        }
    }

    /// <summary>Closes every connection. Ends in bounded time.</summary>
    /// <param name="isForGood">Whether no other ones are made afterwards.</param>
    public Task CloseAsync(bool isForGood) => Task.WhenAll(_endpoints.Select(endpoint => endpoint.CloseAsync(isForGood)));
}
