using Xunit;
using Xunit.Sdk;

namespace Flannel.Lab.Namespaces;

/// <summary>A theory that works on a real kernel in namespaces of its own. Skipped with the reason where the privileges are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
[TraitDiscoverer("Flannel.Lab.Namespaces.NetnsTraitDiscoverer", "Flannel.Lab")]
public sealed class NetnsTheoryAttribute : TheoryAttribute, ITraitAttribute
{
    /// <summary>Looks for what is missing.</summary>
    public NetnsTheoryAttribute() => Skip = Netns.Obstacle!; // null is the way to say 'run it'
}
