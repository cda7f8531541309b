using Xunit;
using Xunit.Sdk;

namespace Flannel.Testing.Namespaces;

/// <summary>A theory that works on a real kernel in namespaces of its own. Skipped with the reason where the privileges are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
[TraitDiscoverer("Flannel.Testing.Namespaces.NetnsTraitDiscoverer", "Flannel.Testing")]
public sealed class NetnsTheoryAttribute : TheoryAttribute, ITraitAttribute
{
    /// <summary>Looks for what is missing.</summary>
    public NetnsTheoryAttribute() => Skip = Netns.Obstacle!; // null is the way to say 'run it'
}
