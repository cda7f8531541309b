using System.Reflection;

namespace Flannel.Architecture.Tests.Tree;

/// <summary>The repository that these tests were built from.</summary>
internal static class SourceTree
{
    private static readonly string[] GeneratedFolders = ["bin", "obj", "artifacts", "TestResults"];

    public static string Root { get; } = FindRoot();

    /// <summary>The projects that become packages.</summary>
    public static IReadOnlyList<Project> Packages { get; } = [.. ProjectsBelow("src").Where(project => !project.IsExecutable)];

    /// <summary>The packages that hold code.</summary>
    public static IReadOnlyList<Project> Libraries { get; } = [.. Packages.Where(package => !package.IsMetapackage)];

    public static IReadOnlyList<Project> AllProjects { get; } =
        [.. ProjectsBelow("src"), .. ProjectsBelow("samples"), .. ProjectsBelow("tests"), .. ProjectsBelow("bench")];

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    public static string Read(string relative) => File.ReadAllText(PathOf(relative));

    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    /// <summary>The assembly of a package, as it is built now.</summary>
    public static Assembly AssemblyOf(Project package)
    {
        try
        {
            return Assembly.Load(package.Name);
        }
        catch (FileNotFoundException)
        {
            throw new InvalidOperationException(
                $"Flannel.Architecture.Tests does not reference {package.Name}: add the project reference, so that its rules are checked.");
        }
    }

    /// <summary>Files below the given folders, generated ones left out, in a stable order.</summary>
    public static IEnumerable<string> Files(string pattern, params string[] folders) =>
        folders
            .Select(PathOf)
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, pattern, SearchOption.AllDirectories))
            .Where(path => !Relative(path).Split('/').Intersect(GeneratedFolders).Any())
            .Order(StringComparer.Ordinal);

    private static IEnumerable<Project> ProjectsBelow(string folder) => Files("*.csproj", folder).Select(Project.Read);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Flannel.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException(
            $"No folder above {AppContext.BaseDirectory} holds Flannel.sln: these tests read the sources and must run from their build output.");
    }
}
