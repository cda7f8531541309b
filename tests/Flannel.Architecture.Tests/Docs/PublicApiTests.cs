using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Docs;

/// <summary>Nothing is public without a reason, and no reason stands for what is gone.</summary>
public sealed class PublicApiTests
{
    private const string Page = "docs/public-api.md";

    private static readonly string[] Namespaces = ["Flannel", "Flannel.Extensibility", "Flannel.Testing", "Flannel.Cni"];

    [Fact]
    public void Types_AreOnThePageWithTheirReason()
    {
        string[] exported =
        [
            .. SourceTree.Packages.SelectMany(package => SourceTree.AssemblyOf(package).GetExportedTypes())
                .Where(type => type.DeclaringType is null && Namespaces.Contains(type.Namespace))
                .Select(type => type.Name.Split('`')[0])
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        string[] named =
        [
            .. Document.All.Single(document => document.Path == Page).Text.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
                .SelectMany(line => line.Split('|')[1].Split('`').Where((_, index) => index % 2 == 1)).Order(StringComparer.Ordinal),
        ];

        Assert.Equal(exported, named);
    }
}
