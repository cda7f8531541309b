using Flannel.Lab.Processes;
using Xunit;
using Xunit.Sdk;

namespace Flannel.Lab.Namespaces;

/// <summary>A fact about a native program in namespaces of its own. Skipped with the reason where a linker or the privileges are missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
[TraitDiscoverer("Flannel.Lab.Namespaces.NetnsTraitDiscoverer", "Flannel.Lab")]
public sealed class NativeNetnsFactAttribute : FactAttribute, ITraitAttribute
{
    /// <summary>Looks for what is missing.</summary>
    public NativeNetnsFactAttribute() => Skip = (NativeProgram.Obstacle ?? Netns.Obstacle)!; // null is the way to say 'run it'
}
