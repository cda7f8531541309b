using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Nodes;

/// <summary>The strategic merge patches that are sent: only what differs, nothing beside it.</summary>
internal static class NodePatch
{
    /// <summary>The condition as flannel reports it.</summary>
    public const string UpCondition = "False FlannelIsUp";

    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Puts annotations; those whose value is <see langword="null"/> are taken away.</summary>
    public static byte[] Annotations(IEnumerable<KeyValuePair<Annotation, string?>> changes, AnnotationNames names) => Write(json =>
    {
        json.WriteStartObject("metadata");
        json.WriteStartObject("annotations");
        foreach ((Annotation name, string? value) in changes)
            json.WriteString(names[name], value);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    /// <summary>Says that the Node's network is there.</summary>
    public static byte[] NetworkAvailable(DateTimeOffset now)
    {
        string time = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return Write(json =>
        {
            json.WriteStartObject("status");
            json.WriteStartArray("conditions");
            json.WriteStartObject();
            json.WriteString("type", "NetworkUnavailable");
            json.WriteString("status", "False");
            json.WriteString("reason", "FlannelIsUp");
            json.WriteString("message", "Flannel is running on this node");
            json.WriteString("lastTransitionTime", time);
            json.WriteString("lastHeartbeatTime", time);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static byte[] Write(Action<Utf8JsonWriter> content)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Plain))
        {
            json.WriteStartObject();
            content(json);
            json.WriteEndObject();
        }

        return text.ToArray();
    }
}
