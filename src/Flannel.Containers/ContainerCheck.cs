namespace Flannel;

/// <summary>What was found of an attachment.</summary>
/// <param name="Problems">What is wrong, a sentence each; none when all is well.</param>
public sealed record ContainerCheck(IReadOnlyList<string> Problems)
{
    /// <summary>Whether nothing is wrong.</summary>
    public bool IsHealthy => Problems.Count == 0;

    /// <summary>The problems on one line.</summary>
    public override string ToString() => IsHealthy ? "all is well" : string.Join("; ", Problems);
}
