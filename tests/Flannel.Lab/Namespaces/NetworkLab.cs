namespace Flannel.Lab.Namespaces;

/// <summary>
/// A small data centre in namespaces of its own: hosts on a common bridge, with containers if wanted. Host <c>n</c> has 192.168.100.n/24 and,
/// with dual stack, fd00:100::n/64 on <c>eth0</c>. Nothing of the machine itself is touched, and disposing removes everything.
/// </summary>
public sealed class NetworkLab : IAsyncDisposable
{
    private readonly LabOptions _options;
    private readonly List<LabHost> _hosts = [];

    private NetworkLab(LabOptions options)
    {
        _options = options;
        Underlay = new LabUnderlay(options.Mtu);
    }

    /// <summary>The network between the hosts.</summary>
    public LabUnderlay Underlay { get; }

    /// <summary>The hosts.</summary>
    public IReadOnlyList<LabHost> Hosts => _hosts;

    /// <summary>Makes a lab, after removing what dead test processes left behind.</summary>
    /// <param name="options">How; by default two hosts with IPv4.</param>
    public static NetworkLab Create(LabOptions? options = null)
    {
        options ??= new LabOptions();
        LabNames.Sweep();
        var lab = new NetworkLab(options);
        try
        {
            while (lab.Hosts.Count < options.Hosts)
                lab.AddHost();
            return lab;
        }
        catch
        {
            lab.Remove();
            throw;
        }
    }

    /// <summary>Adds a host.</summary>
    public LabHost AddHost()
    {
        var host = new LabHost(_hosts.Count + 1);
        _hosts.Add(host); // before anything can fail, so that it is removed in any case
        host.Join(Underlay, _options);
        return host;
    }

    /// <summary>Removes a host with its containers, as a power cut would. Its number is not given out again.</summary>
    /// <param name="host">The host.</param>
    public void Destroy(LabHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        Remove(host.Containers.Append<LabNode>(host));
    }

    /// <summary>Removes everything.</summary>
    public ValueTask DisposeAsync()
    {
        Remove();
        return ValueTask.CompletedTask;
    }

    private void Remove() => Remove(_hosts.SelectMany(static host => host.Containers.Append<LabNode>(host)).Append(Underlay));

    private static void Remove(IEnumerable<LabNode> nodes)
    {
        List<Exception> failures = [];
        foreach (LabNode node in nodes)
        {
            try
            {
                node.Remove();
            }
            catch (Exception exception) // the others must go all the same
            {
                failures.Add(exception);
            }
        }

        if (failures.Count > 0)
            throw new AggregateException("The lab could not be removed completely.", failures);
    }
}
