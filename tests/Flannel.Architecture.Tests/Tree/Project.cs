using System.Xml.Linq;

namespace Flannel.Architecture.Tests.Tree;

/// <summary>What a project file says.</summary>
internal sealed record Project(string Name, string Folder, XDocument Document)
{
    public IReadOnlyList<string> ProjectReferences =>
        [.. Includes("ProjectReference").Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/')))];

    public IReadOnlyList<string> PackageReferences => [.. Includes("PackageReference")];

    /// <summary>Whether it becomes a package that only refers to others.</summary>
    public bool IsMetapackage => (string?)Elements("IncludeBuildOutput").SingleOrDefault() == "false";

    /// <summary>Whether it is a program, and so becomes no package.</summary>
    public bool IsExecutable => (string?)Elements("OutputType").SingleOrDefault() == "Exe";

    public static Project Read(string path) =>
        new(Path.GetFileNameWithoutExtension(path), SourceTree.Relative(Path.GetDirectoryName(path)!), XDocument.Load(path));

    public IEnumerable<XElement> Elements(string name) => Document.Descendants(name);

    // xunit shows a project in a theory by this text.
    public override string ToString() => Name;

    private IEnumerable<string> Includes(string item) =>
        Elements(item).Select(element => (string?)element.Attribute("Include") ?? "").Where(value => value.Length > 0).Order(StringComparer.Ordinal);
}
