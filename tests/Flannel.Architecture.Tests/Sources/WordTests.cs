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

    // A name of the public API, which programs may have compiled in.
    private const string PublicName = "Uplink";

    [Fact]
    public void Sources_NameOneThingByOneName()
    {
        foreach (string file in SourceTree.Files("*.cs", "src"))
        {
            string text = File.ReadAllText(file);
            foreach ((Regex refused, string instead) in Words)
            {
                Match? match = refused.Matches(text).FirstOrDefault(match => !IsPublicName(text, match));
                Assert.True(match is null, $"{SourceTree.Relative(file)} says '{match?.Value}'; say '{instead}'");
            }
        }
    }

    private static bool IsPublicName(string text, Match match) =>
        match.Value == PublicName && !IsLetter(text, match.Index - 1) && !IsLetter(text, match.Index + match.Length);

    private static bool IsLetter(string text, int index) => index >= 0 && index < text.Length && char.IsLetter(text[index]);

    [GeneratedRegex("uplink", RegexOptions.IgnoreCase)]
    private static partial Regex Uplink();

    [GeneratedRegex(@"peer'?s?'?\s?traffic", RegexOptions.IgnoreCase)]
    private static partial Regex PeerTraffic();

    // "DataPath" is the right one's identifier, so this one is told by its case.
    [GeneratedRegex(@"\bdatapath\b|\b[Dd]ata\s?planes?\b|DataPlane")]
    private static partial Regex DataPlane();
}
