namespace Flannel.Netlink.Tests.Golden;

/// <summary>Frames captured from other programs: lines of <c>name | command | hex</c>; lines with # say how they were captured.</summary>
internal static class GoldenFile
{
    internal static IReadOnlyDictionary<string, byte[]> Load(string name)
    {
        using Stream stream = typeof(GoldenFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"no embedded file '{name}'");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd()
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => line[0] != '#')
            .Select(line => line.Split(" | "))
            .ToDictionary(parts => parts[0], parts => Convert.FromHexString(parts[2]));
    }
}
