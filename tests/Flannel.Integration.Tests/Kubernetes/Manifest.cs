using System.Globalization;
using System.Text.Json.Nodes;
using Flannel.Integration.Tests.Tree;
using Flannel.Lab.Kubernetes;
using YamlDotNet.Serialization;

namespace Flannel.Integration.Tests.Kubernetes;

/// <summary>The objects below <c>deploy/kubernetes</c>, as <c>kubectl apply</c> would send them.</summary>
internal static class Manifest
{
    private static readonly IDeserializer Yaml = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build();
    private static readonly ISerializer Json = new SerializerBuilder().JsonCompatible().Build();

    /// <summary>All objects, in the order of the kustomization.</summary>
    public static IReadOnlyList<JsonObject> Objects { get; } =
        [.. Names("kustomization.yaml").SelectMany(static name => Read(Path.Combine(Folder, name)))];

    public static string Folder => Repository.PathOf("deploy", "kubernetes");

    public static JsonObject Find(string kind) => Objects.Single(item => (string?)item["kind"] == kind);

    /// <summary>The container of the DaemonSet that runs flanneld.</summary>
    public static JsonObject Container => (JsonObject)Find("DaemonSet")["spec"]!["template"]!["spec"]!["containers"]![0]!;

    public static string[] Arguments => [.. Container["args"]!.AsArray().Select(static argument => (string)argument!)];

    /// <summary>A file of the ConfigMap.</summary>
    public static string ConfigFile(string key) => (string)Find("ConfigMap")["data"]![key]!;

    /// <summary>Applies the objects, by default the manifest's, on the server's side, which refuses what its schema does not know.</summary>
    public static async Task<IReadOnlyList<JsonObject>> ApplyAsync(KubeApiServer api, IEnumerable<JsonObject>? objects = null)
    {
        List<JsonObject> answers = [];
        foreach (JsonObject item in objects ?? Objects)
        {
            answers.Add(
                await api.SendAsync(
                    HttpMethod.Patch, PathOf(item) + "?fieldManager=kubectl&force=true", item.DeepClone(), "application/apply-patch+yaml"));
        }

        return answers;
    }

    /// <summary>Where the API has an object.</summary>
    public static string PathOf(JsonObject item)
    {
        string version = (string)item["apiVersion"]!;
        string root = version == "v1" ? "/api/v1" : $"/apis/{version}";
        string space = (string?)item["metadata"]!["namespace"] is { } name ? $"/namespaces/{name}" : "";
        return string.Create(
            CultureInfo.InvariantCulture, $"{root}{space}/{((string)item["kind"]!).ToLowerInvariant()}s/{item["metadata"]!["name"]}");
    }

    /// <summary>The documents of a YAML file.</summary>
    public static IEnumerable<JsonObject> Read(string path) => File.ReadAllText(path)
        .Split("\n---\n")
        .Select(static document => (JsonObject)JsonNode.Parse(Json.Serialize(Yaml.Deserialize<object>(document)))!);

    private static IEnumerable<string> Names(string kustomization) =>
        Read(Path.Combine(Folder, kustomization)).Single()["resources"]!.AsArray().Select(static name => (string)name!);
}
