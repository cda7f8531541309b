namespace Flannel.Store.Etcd.Client;

/// <summary>One address of the cluster, and how well it did lately.</summary>
/// <param name="address">Scheme, host and port.</param>
internal sealed class EtcdEndpoint(Uri address)
{
    private readonly Lock _lock = new();

    // Guarded by _lock.
    private IEtcdTransport? _transport;
    private long _version;

    /// <summary>The address as it is shown to people.</summary>
    public string Name { get; } = address.GetLeftPart(UriPartial.Authority);

    /// <summary>Scheme, host and port.</summary>
    public Uri Address { get; } = address;

    /// <summary>How often in a row it failed. Guarded by the owner.</summary>
    public int Failures { get; set; }

    /// <summary>When it may be preferred again, on the owner's clock. Guarded by the owner.</summary>
    public TimeSpan RetryAt { get; set; }

    /// <summary>The transport to use, made anew when the credentials it was made with are of an older version.</summary>
    /// <param name="version">The version of the credentials.</param>
    /// <param name="create">Makes a transport.</param>
    public IEtcdTransport GetTransport(long version, Func<Uri, IEtcdTransport> create)
    {
        lock (_lock)
        {
            if (_transport is not null && _version == version)
                return _transport;
            _transport?.Retire();
            (_transport, _version) = (create(Address), version);
            return _transport;
        }
    }

    /// <summary>Closes the transport with all that goes through it.</summary>
    public void Close()
    {
        lock (_lock)
            _transport?.Dispose();
    }
}
