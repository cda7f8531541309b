using Microsoft.Extensions.DependencyInjection;

namespace Flannel.Core.Health;

/// <summary>The nodes of this process, whenever they were made.</summary>
/// <param name="list">Lists those that there are now.</param>
internal sealed class NodeList(Func<IEnumerable<IFlannelNode>> list)
{
    public static NodeList From(IServiceProvider provider) => new(() => provider.GetService<IFlannelNetworks>()?.All ?? []);

    public IReadOnlyList<IFlannelNode> All() => [.. list().OrderBy(static node => node.Name, StringComparer.Ordinal)];

    public IFlannelNode? Find(string network) => list().FirstOrDefault(node => node.Name == network);
}
