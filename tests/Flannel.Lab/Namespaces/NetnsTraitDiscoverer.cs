using Xunit.Abstractions;
using Xunit.Sdk;

namespace Flannel.Lab.Namespaces;

/// <summary>Gives tests on a real kernel the trait <c>Category=Netns</c>, so that a run can pick or leave them.</summary>
public sealed class NetnsTraitDiscoverer : ITraitDiscoverer
{
    /// <inheritdoc/>
    public IEnumerable<KeyValuePair<string, string>> GetTraits(IAttributeInfo traitAttribute) => [new("Category", "Netns")];
}
