using Flannel.Backends.Udp.Peers;

namespace Flannel.Backends.Udp.DataPath;

/// <summary>Where the threads find the table of the moment. A table never changes; another one is put here by one write.</summary>
internal sealed class PeerTableCell
{
    private volatile PeerTable _current = new([]);

    /// <summary>The table that counts now.</summary>
    public PeerTable Current
    {
        get => _current;
        set => _current = value;
    }
}
