using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text.Json.Nodes;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Cni;
using Flannel.Lab.Flanneld;

namespace Flannel.Integration.Tests.Image;

/// <summary>The image of the published program, made once for all tests by what <c>./build.sh image</c> runs.</summary>
public sealed class ImageFixture : IDisposable
{
    /// <summary>Any time will do, as long as it is in every file.</summary>
    public const long Time = 1_700_000_000;

    private const string Script =
        """
        set -euo pipefail
        root="$1"
        say() { printf '%s\n' "$*" >&2; }
        die() { say "$@"; exit 1; }
        source "$root/eng/publish.sh"
        source "$root/eng/image.sh"
        image "$2" "$3" "$4"
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-image-");
    private string? _archive;
    private string? _layout;

    public string Folder => _folder.FullName;

    /// <summary>The image as it is handed out.</summary>
    public string Archive => _archive ??= Build("first.tar");

    /// <summary>The image as skopeo copies it, which checks every digest.</summary>
    public string Layout => _layout ??= Copy();

    /// <summary>What is missing, if anything.</summary>
    private static string? Obstacle =>
        Environment.GetEnvironmentVariable(FlanneldProcess.ExecutableVariable) is not { Length: > 0 } ? "no published flanneld; ./build.sh " +
            "test has one"
        : Environment.GetEnvironmentVariable(CniPlugins.ExecutableVariable) is not { Length: > 0 } ? "no published CNI plugin; ./build.sh " +
            "test has one"
        : !Directory.Exists(Repository.PathOf("artifacts", "image-packages")) ? "no packages for the image; ./build.sh image downloads them"
        : null;

    /// <summary>Skips the calling test unless an image can be made and the programs are there.</summary>
    public static void Require(params string[] programs)
    {
        Skip.If(Obstacle is not null, Obstacle);
        foreach (string program in programs) Skip.If(!IsInstalled(program), $"{program} is missing");
    }

    public static bool IsInstalled(string program) =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Makes the image.</summary>
    /// <param name="name">The archive's name.</param>
    /// <param name="environment">Variables that must not matter.</param>
    public string Build(string name, params (string Name, string Value)[] environment)
    {
        string archive = Path.Combine(Folder, name);
        Run(
            "bash",
            [
                "-c",
                Script,
                "bash",
                Repository.Root,
                Environment.GetEnvironmentVariable(FlanneldProcess.ExecutableVariable)!,
                Environment.GetEnvironmentVariable(CniPlugins.ExecutableVariable)!,
                archive,
            ],

            [("SOURCE_DATE_EPOCH", $"{Time}"), .. environment]);
        return archive;
    }

    /// <summary>Unpacks the image as a container's root.</summary>
    public string Unpack(string name)
    {
        string root = Directory.CreateDirectory(Path.Combine(Folder, name)).FullName;
        foreach (string layer in Layers()) Run("tar", ["-xpf", layer, "-C", root]);
        return root;
    }

    /// <summary>The entries of all layers.</summary>
    public IReadOnlyList<TarEntry> ReadEntries()
    {
        List<TarEntry> entries = [];
        foreach (string layer in Layers())
        {
            using var stream = new GZipStream(File.OpenRead(layer), CompressionMode.Decompress);
            using var reader = new TarReader(stream);
            while (reader.GetNextEntry() is { } entry) entries.Add(entry);
        }

        return entries;
    }

    public JsonNode ReadConfig() => JsonNode.Parse(Run("skopeo", ["inspect", "--config", $"oci-archive:{Archive}"]))!;

    public static string Run(string program, string[] arguments, (string Name, string Value)[]? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment ?? []) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors.Result}");
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string Copy()
    {
        string layout = Path.Combine(Folder, "layout");
        Run("skopeo", ["copy", "-q", $"oci-archive:{Archive}", $"oci:{layout}:latest"]);
        return layout;
    }

    private IEnumerable<string> Layers()
    {
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(Layout, "index.json")))!;
        JsonNode manifest = JsonNode.Parse(File.ReadAllText(Blob(index["manifests"]![0]!)))!;
        return manifest["layers"]!.AsArray().Select(layer => Blob(layer!));
    }

    private string Blob(JsonNode descriptor) => Path.Combine(Layout, "blobs", ((string)descriptor["digest"]!).Replace(':', '/'));
}
