using System.IO.Compression;
using System.Xml.Linq;

namespace Flannel.Integration.Tests.Packages;

/// <summary>A package, opened.</summary>
public sealed class PackageFile : IDisposable
{
    private readonly ZipArchive _archive;

    private PackageFile(ZipArchive archive)
    {
        _archive = archive;
        string nuspec = Files.Single(name => name.EndsWith(".nuspec", StringComparison.Ordinal));
        Metadata = XDocument.Parse(Text(nuspec)).Root!.Elements().Single();
    }

    /// <summary>What the package says of itself.</summary>
    public XElement Metadata { get; }

    /// <summary>The files that are the package's own; the others belong to the container format.</summary>
    public IEnumerable<string> Files => _archive.Entries
        .Select(entry => entry.FullName)
        .Where(name => name != "[Content_Types].xml" && name.Split('/')[0] is not ("_rels" or "package"))
        .Order(StringComparer.Ordinal);

    /// <summary>The versions of the packages it depends on.</summary>
    public IReadOnlyDictionary<string, string> Dependencies => Metadata
        .Descendants(Metadata.Name.Namespace + "dependency")
        .ToDictionary(element => (string)element.Attribute("id")!, element => (string)element.Attribute("version")!);

    public static PackageFile Open(string path) => new(ZipFile.OpenRead(path));

    public string? Value(string name) => (string?)Metadata.Element(Metadata.Name.Namespace + name);

    public string? Attribute(string element, string attribute) => (string?)Metadata.Element(Metadata.Name.Namespace + element)?.Attribute(attribute);

    public string Text(string file)
    {
        using var reader = new StreamReader(_archive.GetEntry(file)!.Open());
        return reader.ReadToEnd();
    }

    public MemoryStream Bytes(string file)
    {
        var bytes = new MemoryStream();
        using Stream content = _archive.GetEntry(file)!.Open();
        content.CopyTo(bytes);
        bytes.Position = 0;
        return bytes;
    }

    public void Dispose() => _archive.Dispose();
}
