using System.Net;
using Flannel;

namespace Orchestrator.Machines;

/// <summary>
/// A container, as far as the network is concerned: a namespace that is attached to its host, which is its gateway to everything else.
/// </summary>
internal sealed class DemoContainer(DemoHost host, string name, Machine machine, AttachedContainer attached)
{
    public DemoHost Host => host;

    public Machine Machine => machine;

    /// <summary>The host's number and a letter, such as <c>2a</c>.</summary>
    public string Name => name;

    /// <summary>One address per family, IPv4 first.</summary>
    public IReadOnlyList<IPAddress> Addresses => attached.Addresses;

    /// <summary>The host's addresses on the bridge, one per family.</summary>
    public IReadOnlyList<IPAddress> Gateways => attached.Gateways;
}
