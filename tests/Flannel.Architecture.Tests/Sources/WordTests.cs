using System.Text.RegularExpressions;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Sources;

/// <summary>One name for one thing: whoever searches for it finds all of it.</summary>
public sealed partial class WordTests
{
    // The word that is not used, and the one that is.
    private static readonly (Regex Refused, string Instead)[] Words =
    [
        (Uplink(), "external interface"),
        (PeerTraffic(), "peer statistics"),
        (DataPlane(), "data path"),
    ];

    [Fact]
    public void Sources_NameOneThingByOneName()
    {
        foreach (string file in SourceTree.Files("*.cs", "src"))
        {
            string text = File.ReadAllText(file);
            foreach ((Regex refused, string instead) in Words)
            {
                Match match = refused.Match(text);
                Assert.False(match.Success, $"{SourceTree.Relative(file)} says '{match.Value}'; say '{instead}'");
            }
        }
    }

    [GeneratedRegex("uplink", RegexOptions.IgnoreCase)]
    private static partial Regex Uplink();

    [GeneratedRegex(@"peer'?s?'?\s?traffic", RegexOptions.IgnoreCase)]
    private static partial Regex PeerTraffic();

    // "DataPath" is the right one's identifier, so this one is told by its case.
    [GeneratedRegex(@"\bdatapath\b|\b[Dd]ata\s?planes?\b|DataPlane")]
    private static partial Regex DataPlane();
}
