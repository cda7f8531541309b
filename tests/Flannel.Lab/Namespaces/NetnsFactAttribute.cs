using Xunit;
using Xunit.Sdk;

namespace Flannel.Lab.Namespaces;

/// <summary>A fact that works on a real kernel in namespaces of its own. Skipped with the reason where the privileges are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
[TraitDiscoverer("Flannel.Lab.Namespaces.NetnsTraitDiscoverer", "Flannel.Lab")]
public sealed class NetnsFactAttribute : FactAttribute, ITraitAttribute
{
    /// <summary>Looks for what is missing.</summary>
    public NetnsFactAttribute() => Skip = Netns.Obstacle!; // null is the way to say 'run it'
}
