using System.Text;
using System.Text.Json;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>What a program that prints credentials may be told about the cluster (<c>spec.cluster</c> of ExecCredential).</summary>
internal static class ExecClusterInfo
{
    public static string Describe(ClusterAccess cluster)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteString("server", cluster.Server.OriginalString);
            if (cluster.TlsServerName is { } name)
                json.WriteString("tls-server-name", name);
            if (cluster.IsInsecure)
                json.WriteBoolean("insecure-skip-tls-verify", true);
            if (cluster.Authorities is { } authorities)
            {
                json.WriteBase64String(
                    "certificate-authority-data",
                    Encoding.UTF8.GetBytes(authorities.Text ?? Kubeconfig.ReadText(authorities.Path!, authorities.Name)));
            }

            if (cluster.Proxy is { } proxy)
                json.WriteString("proxy-url", proxy.OriginalString);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}
