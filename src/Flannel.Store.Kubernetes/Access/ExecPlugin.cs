using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>Runs the program that a kubeconfig names for credentials.</summary>
[SuppressMessage("ApiDesign", "RS0030", Justification = "A kubeconfig may say that credentials come from a program (docs/adr/0008).")]
internal static class ExecPlugin
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // Credentials are small; what prints more is no such program.
    private const int MaxOutput = 1 << 20;

    /// <summary>Asks the program.</summary>
    /// <exception cref="KubernetesAccessException">The program is missing, failed or printed something else.</exception>
    public static async Task<ExecCredential> RunAsync(ExecAccess exec, string origin, TimeProvider time, CancellationToken cancellationToken)
    {
        string what = $"{origin}, program {exec.Command}";
        using Process process = Start(exec, what);
        using var deadline = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            process.StandardInput.Close();
            Task<string> output = ReadAsync(process.StandardOutput, either.Token);
            Task<string> errors = ReadAsync(process.StandardError, either.Token);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(either.Token)).ConfigureAwait(false);
            if (process.ExitCode == 0)
                return Parse(await output.ConfigureAwait(false), exec, what);
            string said = (await errors.ConfigureAwait(false)).Trim();
            throw new KubernetesAccessException(
                what, $"it ended with {process.ExitCode} and said {(said.Length == 0 ? "nothing" : ForeignText.Show(said))}");
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KubernetesAccessException(what, $"it did not end within {Limit.TotalSeconds} s and was killed", error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            process.StandardOutput.Dispose(); // whoever reads a pipe owns it: disposing the process leaves it to the garbage collector
            process.StandardError.Dispose();
        }
    }

    /// <summary>Reads what the program printed.</summary>
    /// <exception cref="KubernetesAccessException">It is no ExecCredential with credentials in it.</exception>
    internal static ExecCredential Parse(string output, ExecAccess exec, string what)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "kind") != "ExecCredential")
                throw new KubernetesAccessException(what, "it printed something that is no ExecCredential");
            if (Text(root, "apiVersion") is { } version && version != exec.ApiVersion)
            {
                throw new KubernetesAccessException(
                    what, $"it printed an ExecCredential of {ForeignText.Show(version)}; the kubeconfig expects {exec.ApiVersion}");
            }

            if (!root.TryGetProperty("status", out JsonElement status) || status.ValueKind != JsonValueKind.Object)
                throw new KubernetesAccessException(what, "it printed no status, so no credentials");
            string? token = Text(status, "token");
            string? certificate = Text(status, "clientCertificateData");
            string? key = Text(status, "clientKeyData");
            if (certificate is null != key is null)
                throw new KubernetesAccessException(what, "it printed a client certificate or its key, but not both");
            if (token is null && certificate is null)
                throw new KubernetesAccessException(what, "it printed neither a token nor a client certificate");
            return new ExecCredential(token, certificate, key, Expiration(status, what));
        }
        catch (JsonException error)
        {
            throw new KubernetesAccessException(what, "it printed something that is no JSON", error);
        }
    }

    private static DateTimeOffset? Expiration(JsonElement status, string what)
    {
        if (Text(status, "expirationTimestamp") is not { } text)
            return null;
        return DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset time)
            ? time
            : throw new KubernetesAccessException(what, $"its expirationTimestamp is {ForeignText.Show(text)}, which is no time");
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : null;

    private static Process Start(ExecAccess exec, string what)
    {
        var start = new ProcessStartInfo(exec.Command, exec.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in exec.Environment)
            start.Environment[name] = value;
        string cluster = exec.ClusterInfo is { } info ? $",\"cluster\":{info}" : "";
        string spec = "{\"interactive\":false" + cluster + "}";
        start.Environment["KUBERNETES_EXEC_INFO"] = $"{{\"kind\":\"ExecCredential\",\"apiVersion\":\"{exec.ApiVersion}\",\"spec\":{spec}}}";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception error)
        {
            string hint = exec.InstallHint is { } text ? $"; its hint is {ForeignText.Show(text)}" : "";
            throw new KubernetesAccessException(what, $"it cannot be started ({error.Message}){hint}", error);
        }
    }

    private static async Task<string> ReadAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        char[] piece = new char[4096];
        while (await reader.ReadAsync(piece, cancellationToken).ConfigureAwait(false) is > 0 and int count)
        {
            // What comes behind the limit is read and forgotten, so that the program can end.
            if (text.Length < MaxOutput)
                text.Append(piece, 0, count);
        }

        return text.ToString();
    }
}
