using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Lab.Etcd;
using Flannel.Lab.Namespaces;
using Flannel.Lab.Processes;
using Xunit;

namespace Flannel.Lab.Kubernetes;

/// <summary>
/// A real kube-apiserver with an etcd of its own, the namespace, role and service account of flannel, and kubeconfigs of every form.
/// <c>eng/kube-apiserver.sh</c>
/// builds the program; where it is missing, tests that start one are skipped; they must be <c>[SkippableFact]</c>.
/// </summary>
public sealed class KubeApiServer : IAsyncDisposable
{
    private const string Account = "system:serviceaccount:kube-flannel:flannel";
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-apiserver-");
    private readonly KubeCertificates _certificates = new();
    private readonly LabNode? _host;
    private readonly EtcdServer _etcd;
    private readonly string _adminToken = Guid.NewGuid().ToString("N");
    private readonly int _port = FreePort.Take();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly HttpClient _http;
    private Process? _process;

    private KubeApiServer(EtcdServer etcd, LabNode? host)
    {
        _etcd = etcd;
        _host = host;
        _http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
            ConnectCallback = NamespaceConnection.From(_host),
        })
        { BaseAddress = Address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _adminToken);
    }

    /// <summary>Where the program is looked for.</summary>
    public static string Program => Environment.GetEnvironmentVariable("FLANNEL_KUBE_APISERVER") is { Length: > 0 } given
        ? given
        : Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetEnvironmentVariable("HOME") ?? "/root", ".cache"),
            "flannel-kube",
            "kube-apiserver");

    /// <summary>Where clients connect.</summary>
    public Uri Address => new($"https://{_host?.Address ?? IPAddress.Loopback}:{_port}");

    /// <summary>The folder with its files; tests may put theirs beside them.</summary>
    public string Folder => _folder.FullName;

    /// <summary>The authority's certificate, as a file.</summary>
    public string AuthorityFile => PathOf("ca.crt");

    /// <summary>Starts one, with flannel's namespace, role and service account in it.</summary>
    /// <param name="host">The laboratory's host to run on; by default it runs where the tests run.</param>
    public static async Task<KubeApiServer> StartAsync(LabNode? host = null)
    {
        FastLane.LeaveToFullRun();
        Skip.IfNot(File.Exists(Program), $"{Program} is missing; eng/kube-apiserver.sh builds it");
        var server = new KubeApiServer(await EtcdServer.StartAsync(new EtcdOptions { Host = host }), host);
        try
        {
            server.WriteFiles();
            await server.LaunchAsync();
            await server.PrepareAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the program; its data stay.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        _process = null;
    }

    /// <summary>Starts it again; what happened before is forgotten to its watches.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await LaunchAsync();
    }

    /// <summary>Creates a Node as a kubelet and the controller would.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cidrs">Its podCIDRs; none for a Node that has none yet.</param>
    public Task<JsonObject> CreateNodeAsync(string name, params string[] cidrs)
    {
        var spec = new JsonObject();
        if (cidrs.Length > 0)
        {
            spec["podCIDR"] = cidrs[0];
            spec["podCIDRs"] = new JsonArray([.. cidrs.Select(static cidr => (JsonNode)cidr)]);
        }

        return SendAsync(HttpMethod.Post, "/api/v1/nodes", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = spec,
        });
    }

    public Task<JsonObject> GetNodeAsync(string name) => SendAsync(HttpMethod.Get, $"/api/v1/nodes/{name}");

    public Task<JsonObject> DeleteNodeAsync(string name) => SendAsync(HttpMethod.Delete, $"/api/v1/nodes/{name}");

    /// <summary>Changes a Node by a JSON merge patch.</summary>
    public Task<JsonObject> PatchNodeAsync(string name, string patch) =>
        SendAsync(HttpMethod.Patch, $"/api/v1/nodes/{name}", JsonNode.Parse(patch), "application/merge-patch+json");

    /// <summary>Sends a request as the administrator, and returns the answer.</summary>
    public async Task<JsonObject> SendAsync(HttpMethod method, string path, JsonNode? body = null, string type = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), new MediaTypeHeaderValue(type));
        using HttpResponseMessage response = await _http.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? (JsonObject)JsonNode.Parse(text)!
            : throw new InvalidOperationException($"{method} {path}: {(int)response.StatusCode} {text}");
    }

    /// <summary>A token of flannel's service account, as a kubelet mounts it.</summary>
    public async Task<string> CreateTokenAsync(int seconds = 3600)
    {
        JsonNode request = JsonNode.Parse(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenRequest\",\"spec\":{{\"expirationSeconds\":{seconds}}}}}"))!;
        JsonObject answer = await SendAsync(HttpMethod.Post, "/api/v1/namespaces/kube-flannel/serviceaccounts/flannel/token", request);
        return (string)answer["status"]!["token"]!;
    }

    /// <summary>Makes flannel's service account anew, so that its former tokens are refused after some seconds.</summary>
    public async Task ReplaceAccountAsync()
    {
        await SendAsync(HttpMethod.Delete, "/api/v1/namespaces/kube-flannel/serviceaccounts/flannel");
        await CreateAccountAsync();
    }

    /// <summary>Writes a kubeconfig and returns its path.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="user">The user's keys, one on each line.</param>
    /// <param name="cluster">The cluster's keys beside the server; by default the authority as data.</param>
    public string WriteKubeconfig(string name, string user, string? cluster = null)
    {
        cluster ??= $"certificate-authority-data: {Convert.ToBase64String(Encoding.UTF8.GetBytes(_certificates.AuthorityPem))}";
        string path = PathOf(name);
        File.WriteAllText(
            path,
            $"kind: Config\ncurrent-context: lab\ncontexts:\n- {{name: lab, context: {{cluster: k, user: u}}}}\nclusters:\n- name: k\n  cluster:\n" +
            $"    server: {Address}\n    {Indent(cluster)}\nusers:\n- name: u\n  user:\n    {Indent(user)}\n");
        return path;

        static string Indent(string text) => text.Replace("\n", "\n    ", StringComparison.Ordinal);
    }

    /// <summary>Flannel's own client certificate, as PEM texts.</summary>
    public (string Certificate, string Key) FlannelCertificate() => _certificates.Client(Account);

    /// <summary>What flannel's account has asked for: code, verb and address of each request.</summary>
    public IReadOnlyList<(int Code, string Verb, string Uri)> ReadAudit()
    {
        using var file = new FileStream(PathOf("audit.log"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        List<(int, string, string)> requests = [];
        while (reader.ReadLine() is { } line)
        {
            if (!line.EndsWith('}'))
                continue;
            JsonNode entry = JsonNode.Parse(line)!;
            requests.Add(((int?)entry["responseStatus"]?["code"] ?? 0, (string)entry["verb"]!, (string)entry["requestURI"]!));
        }

        return requests;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _etcd.DisposeAsync();
        _http.Dispose();
        _certificates.Dispose();
        _folder.Delete(recursive: true);
    }

    private void WriteFiles()
    {
        File.WriteAllText(AuthorityFile, _certificates.AuthorityPem);
        (string certificate, string key) = KubeCertificates.Export(_certificates.Server(_host is null ? [] : [_host.Address!.ToString()]));
        File.WriteAllText(PathOf("server.crt"), certificate);
        File.WriteAllText(PathOf("server.key"), key);
        using (var account = RSA.Create(2048))
            File.WriteAllText(PathOf("sa.key"), account.ExportRSAPrivateKeyPem());
        File.WriteAllText(PathOf("tokens.csv"), $"{_adminToken},lab-admin,lab-admin,system:masters\n");
        File.WriteAllText(
            PathOf("audit.yaml"),
            $"apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n- level: Metadata\n  users: [\"{Account}\"]\n- " +
            "level: None\n");
    }

    private async Task LaunchAsync()
    {
        string address = (_host?.Address ?? IPAddress.Loopback).ToString();
        string[] arguments =
        [
            $"--etcd-servers={(_host is null ? _etcd.Endpoints[0] : _etcd.Members[0].LoopbackEndpoint)}", $"--bind-address={address}",
            $"--advertise-address={address}",
            $"--secure-port={_port}", "--insecure-port=0", $"--tls-cert-file={PathOf("server.crt")}",
            $"--tls-private-key-file={PathOf("server.key")}",
            $"--client-ca-file={AuthorityFile}", $"--token-auth-file={PathOf("tokens.csv")}", $"--service-account-key-file={PathOf("sa.key")}",
            $"--service-account-signing-key-file={PathOf("sa.key")}", "--service-account-issuer=https://kubernetes.default.svc",
            "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.96.0.0/16", "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition",
            "--feature-gates=IPv6DualStack=true",
            "--endpoint-reconciler-type=none", "--allow-privileged=true", "--profiling=false", $"--audit-policy-file={PathOf("audit.yaml")}",
            $"--audit-log-path={PathOf("audit.log")}", $"--cert-dir={_folder.FullName}",
        ];
        var start = new ProcessStartInfo(
            _host is null ? Program : "ip", _host is null ? arguments : ["netns", "exec", _host.NamespaceName, Program, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(StartLimit);
        while (!await IsReadyAsync(limit.Token))
        {
            if (_process.HasExited || limit.IsCancellationRequested)
                throw new InvalidOperationException($"kube-apiserver did not become ready:\n{string.Join('\n', _log.TakeLast(20))}");
            await Task.Delay(100, CancellationToken.None);
        }
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        try
        {
            using HttpResponseMessage response = await _http.GetAsync(new Uri("/readyz", UriKind.Relative), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task PrepareAsync()
    {
        await SendAsync(
            HttpMethod.Post, "/api/v1/namespaces", JsonNode.Parse("""{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"kube-flannel"}}"""));
        const string Roles = "/apis/rbac.authorization.k8s.io/v1";
        await SendAsync(HttpMethod.Post, $"{Roles}/clusterroles", JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"flannel"},"rules":[
             {"apiGroups":[""],"resources":["pods"],"verbs":["get"]},{"apiGroups":[""],"resources":["nodes"],"verbs":["get","list","watch"]},
             {"apiGroups":[""],"resources":["nodes/status"],"verbs":["patch"]}]}
            """));
        await SendAsync(HttpMethod.Post, $"{Roles}/clusterrolebindings", JsonNode.Parse("""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRoleBinding","metadata":{"name":"flannel"},
             "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"flannel"},
             "subjects":[{"kind":"ServiceAccount","name":"flannel","namespace":"kube-flannel"}]}
            """));
        await CreateAccountAsync();
    }

    private Task<JsonObject> CreateAccountAsync() => SendAsync(
        HttpMethod.Post,
        "/api/v1/namespaces/kube-flannel/serviceaccounts",
        JsonNode.Parse("""{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"flannel"}}"""));

    private void Keep(string? line)
    {
        if (line is not null)
            _log.Enqueue(line);
        while (_log.Count > 200)
            _log.TryDequeue(out _);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);
}
