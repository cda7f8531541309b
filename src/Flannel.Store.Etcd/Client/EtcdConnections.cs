namespace Flannel.Store.Etcd.Client;

/// <summary>The connections of a process to its etcd clusters. Stores with the same settings share them; the last one closes them.</summary>
internal sealed class EtcdConnections
{
    private readonly Lock _gate = new();

    // Guarded by _gate, as the number of users of each is.
    private readonly Dictionary<EtcdConnectionKey, EtcdConnection> _open = [];

    /// <summary>The connections for these settings. Whoever gets them gives them back by <see cref="EtcdConnection.ReleaseAsync"/>.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="create">Makes them if there are none.</param>
    public EtcdConnection Get(EtcdStoreOptions options, Func<EtcdConnection> create)
    {
        var key = new EtcdConnectionKey(options);
        lock (_gate)
        {
            if (!_open.TryGetValue(key, out EtcdConnection? connection)) _open.Add(key, connection = create());
            connection.Share(users => Leave(key, users));
            return connection;
        }
    }

    // Whether nobody uses it any more.
    private bool Leave(EtcdConnectionKey key, Func<bool> leave)
    {
        lock (_gate)
        {
            if (!leave()) return false;
            _open.Remove(key);
            return true;
        }
    }
}
