using Flannel.Store.Etcd.Transport;
using Grpc.Core;

namespace Flannel.Store.Etcd.Client;

/// <summary>One address of the cluster, and how well it did lately.</summary>
/// <param name="address">Scheme, host and port.</param>
internal sealed class EtcdEndpoint(Uri address)
{
    private readonly Lock _lock = new();
    private readonly AnswerHistory _answers = new();

    // Guarded by _lock. Of the older ones, those that are perhaps in use.
    private readonly List<GrpcTransport> _older = [];
    private GrpcTransport? _transport;
    private bool _isClosed;
    private long _version;

    /// <summary>The address as it is shown to people, with the port that is used even if none was given.</summary>
    public string Name { get; } = address.GetComponents(UriComponents.Scheme | UriComponents.Host | UriComponents.StrongPort, UriFormat.UriEscaped);

    /// <summary>Scheme, host and port.</summary>
    public Uri Address { get; } = address;

    /// <summary>How often in a row it failed. Guarded by the owner.</summary>
    public int Failures { get; set; }

    /// <summary>When it may be preferred again, on the owner's clock. Guarded by the owner.</summary>
    public TimeSpan RetryAt { get; set; }

    /// <summary>A failure in words, with what the address may have to do with it.</summary>
    public string Describe(GrpcException error) => Address.IsDefaultPort && (error.NeverSent || error.IsLasting)
        ? $"{error.Message} (port {Address.Port} is tried where an endpoint names none; etcd's is 2379)"
        : error.Message;

    /// <summary>The transport to use: another one when that of the last time is of an older version or of no use any more.</summary>
    /// <param name="version">The version wanted.</param>
    /// <param name="create">Makes a transport, given the address and what it has answered before.</param>
    public GrpcTransport GetTransport(long version, Func<Uri, AnswerHistory, GrpcTransport> create)
    {
        lock (_lock)
        {
            if (_isClosed)
                throw new GrpcException(StatusCode.Unavailable, "the store is closed on this side");
            if (_transport is { IsUsable: true } && _version == version)
                return _transport;
            _older.RemoveAll(static older => !older.IsUsable);
            if (_transport is { IsUsable: true } old)
            {
                old.Retire();
                _older.Add(old);
            }

            (_transport, _version) = (create(Address, _answers), version);
            return _transport;
        }
    }

    /// <summary>Closes every transport with all that goes through it. Ends in bounded time.</summary>
    /// <param name="isForGood">Whether no other one is made afterwards.</param>
    public Task CloseAsync(bool isForGood)
    {
        GrpcTransport[] all;
        lock (_lock)
        {
            all = _transport is null ? [.. _older] : [_transport, .. _older];
            _older.Clear();
            _isClosed |= isForGood;
            _transport = null;
        }

        return Task.WhenAll(all.Select(static transport => transport.DisposeAsync().AsTask()));
    }
}
