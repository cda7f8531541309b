using Flannel.Lab.Fuzzing;
using Flannel.Store.Kubernetes.Access;
using FsCheck;
using FsCheck.Fluent;

namespace Flannel.Store.Kubernetes.Tests;

public sealed class KubeconfigTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-kubeconfig-");

    private string File => Path.Combine(_folder.FullName, "config");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Everything_IsRead()
    {
        ClusterAccess access = Read("""
            apiVersion: v1
            kind: Config
            preferences: {}
            current-context: two
            contexts:
            - {name: one, context: {cluster: a, user: nobody}}
            - {name: two, context: {cluster: b, user: u, namespace: kube-flannel}}
            clusters:
            - {name: a, cluster: {server: "https://10.0.0.1:6443"}}
            - name: b
              cluster:
                server: https://10.0.0.2:6443/k8s/clusters/c-1
                certificate-authority: pki/ca.crt
                tls-server-name: kubernetes
                proxy-url: socks5://10.0.0.9:1080
            users:
            - name: u
              user:
                tokenFile: token
                client-certificate: /etc/pki/client.crt
                client-key: client.key
                as: jane
                as-uid: "7"
                as-groups: [a, b]
                as-user-extra: {scopes: [x, y]}
            """);

        Assert.Equal("https://10.0.0.2:6443/k8s/clusters/c-1", access.Server.ToString());
        Assert.Equal(Path.Combine(_folder.FullName, "pki/ca.crt"), access.Authorities!.Path);
        Assert.Equal("kubernetes", access.TlsServerName);
        Assert.Equal("socks5://10.0.0.9:1080/", access.Proxy!.ToString());
        Assert.Equal(Path.Combine(_folder.FullName, "token"), access.User.TokenFile);
        Assert.Equal("/etc/pki/client.crt", access.User.Certificate!.Path);
        Assert.Equal(Path.Combine(_folder.FullName, "client.key"), access.User.Key!.Path);
        Assert.Equal("jane", access.User.Impersonation!.User);
        Assert.Equal("7", access.User.Impersonation.Uid);
        Assert.Equal(["a", "b"], access.User.Impersonation.Groups);
        Assert.Equal([KeyValuePair.Create("scopes", "x"), KeyValuePair.Create("scopes", "y")], access.User.Impersonation.Extra);
    }

    [Fact]
    public void Context_OfTheOption_GoesBeforeTheFiles()
    {
        ClusterAccess access = Read(Simple.Replace("current-context: lab", "current-context: other", StringComparison.Ordinal), "lab");

        Assert.Equal("https://10.0.0.1:6443/", access.Server.ToString());
        Assert.Equal("secret", access.User.Token);
    }

    [Fact]
    public void Json_IsAKubeconfigToo()
    {
        ClusterAccess access = Read(
            """{"current-context":"c","contexts":[{"name":"c","context":{"cluster":"k"}}],"clusters":[{"name":"k","cluster":{"server":"http://127.0.0.1:8001"}}]}""");

        Assert.Equal("http://127.0.0.1:8001/", access.Server.ToString());
        Assert.Null(access.User.Token);
    }

    [Theory]
    [InlineData("10.0.0.1:6443", "http://10.0.0.1:6443/")]
    [InlineData("https://[fd00::1]:6443", "https://[fd00::1]:6443/")]
    public void Server_WithoutAScheme_IsCompleted(string server, string expected) =>
        Assert.Equal(expected, Read(Simple.Replace("https://10.0.0.1:6443", $"\"{server}\"", StringComparison.Ordinal)).Server.ToString());

    [Fact]
    public void Data_GoesBeforeTheFile_AndMayHoldABundle()
    {
        ClusterAccess access = Read(
            Simple.Replace("server:", "certificate-authority-data: LS0tLS1CRUdJTg==\n    certificate-authority: ca.crt\n    " +
                "server:", StringComparison.Ordinal));

        Assert.Null(access.Authorities!.Path);
        Assert.Equal("-----BEGIN", access.Authorities.Text);
    }

    [Fact]
    public void Exec_IsRead()
    {
        ExecAccess exec = Read(Simple.Replace("token: secret", """
            exec:
                  apiVersion: client.authentication.k8s.io/v1
                  command: ./bin/login
                  args: [--cluster, "1"]
                  env: [{name: A, value: b}]
                  installHint: install login
                  interactiveMode: IfAvailable
                  provideClusterInfo: true
            """, StringComparison.Ordinal)).User.Exec!;

        Assert.Equal(Path.Combine(_folder.FullName, "bin/login"), exec.Command);
        Assert.Equal(["--cluster", "1"], exec.Arguments);
        Assert.Equal([KeyValuePair.Create("A", "b")], exec.Environment);
        Assert.Equal("""{"server":"https://10.0.0.1:6443"}""", exec.ClusterInfo);
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "", "is empty" },
        { "   \n", "is empty" },
        { "\t- a: [", "not YAML at line" },
        { "\u0000\u0001\u0002", "no kubeconfig" },
        { "just text", "no kubeconfig" },
        { "- a\n- b", "no kubeconfig" },
        { new string('[', 100_000), "nested too deeply" },
        { "a: &x [1]\nb: *x", "references" },
        { "kind: Pod", "kind is \"Pod\"" },
        { "kind: Config", "current-context is missing; it must name one of the contexts: there are none" },
        { Simple.Replace("current-context: lab", "", StringComparison.Ordinal), "current-context is missing; it must name one of the contexts: " +
            "\"lab\"" },
        { Simple.Replace("current-context: lab", "current-context: x", StringComparison.Ordinal), "current-context names \"x\", which is none of " +
            "the contexts: \"lab\"" },
        { Simple.Replace("cluster: k", "cluster: x", StringComparison.Ordinal), "contexts[lab].context.cluster names \"x\"" },
        { Simple.Replace("cluster: k, ", "", StringComparison.Ordinal), "contexts[lab].context.cluster is missing" },
        { Simple.Replace("user: u}", "user: x}", StringComparison.Ordinal), "contexts[lab].context.user names \"x\"" },
        { Simple.Replace("    server: https://10.0.0.1:6443", "    other: x", StringComparison.Ordinal), "clusters[k].cluster.server is missing" },
        { Simple.Replace("https://10.0.0.1:6443", "ftp://10.0.0.1", StringComparison.Ordinal), "server is \"ftp://10.0.0.1\"" },
        { Simple.Replace("https://10.0.0.1:6443", "\"https://\"", StringComparison.Ordinal), "server is \"https://\"" },
        { Simple.Replace("https://10.0.0.1:6443", "https://me:pass@10.0.0.1", StringComparison.Ordinal), "holds a user" },
        { Simple.Replace("server:", "proxy-url: 1.2.3.4\n    server:", StringComparison.Ordinal), "proxy-url is \"1.2.3.4\"" },
        { Simple.Replace("server:", "certificate-authority-data: '%%%'\n    server:", StringComparison.Ordinal), "certificate-authority-data is " +
            "not base64" },
        { Simple.Replace("server:", "insecure-skip-tls-verify: true\n    certificate-authority: x\n    " +
            "server:", StringComparison.Ordinal), "insecure-skip-tls-verify is true, and a certificate authority" },
        { Simple.Replace("server:", "insecure-skip-tls-verify: maybe\n    server:", StringComparison.Ordinal), "write true or false" },
        { Simple.Replace("token: secret", "client-certificate: a.crt", StringComparison.Ordinal), "client-key is missing" },
        { Simple.Replace("token: secret", "client-key: a.key", StringComparison.Ordinal), "client-certificate is missing" },
        { Simple.Replace("token: secret", "token: secret\n    username: a\n    password: b", StringComparison.Ordinal), "a token and a user" },
        { Simple.Replace("token: secret", "password: b", StringComparison.Ordinal), "username is missing" },
        { Simple.Replace("token: secret", "token: [a]", StringComparison.Ordinal), "token must be text" },
        { Simple.Replace("token: secret", "auth-provider: {name: gcp}", StringComparison.Ordinal), "auth-provider" },
        { Simple.Replace("token: secret", "as-groups: [a]", StringComparison.Ordinal), "as is missing" },
        { Simple.Replace("token: secret", "exec: {apiVersion: client.authentication.k8s.io/v1}", StringComparison.Ordinal), "exec.command is " +
            "missing" },
        { Simple.Replace("token: secret", "exec: {command: x}", StringComparison.Ordinal), "exec.apiVersion is missing" },
        { Simple.Replace("token: secret", "exec: {command: x, apiVersion: v7}", StringComparison.Ordinal), "exec.apiVersion is \"v7\"" },
        { Simple.Replace("token: secret", "exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: " +
            "Always}", StringComparison.Ordinal), "nobody to ask" },
        { Simple.Replace("users:", "users:\n- {name: u, user: {}}", StringComparison.Ordinal), "holds \"u\" twice" },
        { Simple.Replace("clusters:\n- name: k\n  cluster:\n    server: https://10.0.0.1:6443", "clusters: {k: " +
            "v}", StringComparison.Ordinal), "clusters must be a list" },
        { Simple.Replace("users:", "users:\n- text", StringComparison.Ordinal), "users must hold keys" },
        { Simple + "current-context: lab\n", "not YAML at line" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistakes_AreOneClearError(string text, string expected)
    {
        KubernetesAccessException error = Assert.Throws<KubernetesAccessException>(() => Read(text));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains(File, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pass@", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }

    [Fact]
    public void Files_ThatCannotBeRead_AreOneClearError()
    {
        Assert.Contains(
            "does not exist", Assert.Throws<KubernetesAccessException>(() => Kubeconfig.Read(File, null)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "is a directory",
            Assert.Throws<KubernetesAccessException>(() => Kubeconfig.Read(_folder.FullName, null)).Message,
            StringComparison.Ordinal);
        System.IO.File.WriteAllText(File, new string('#', 5 << 20));
        Assert.Contains("4 MiB", Assert.Throws<KubernetesAccessException>(() => Kubeconfig.Read(File, null)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "no JSON")]
    [InlineData("hello", "no JSON")]
    [InlineData("[]", "no ExecCredential")]
    [InlineData("""{"kind":"Pod"}""", "no ExecCredential")]
    [InlineData("""{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}""", "expects client.authentication.k8s.io/v1")]
    [InlineData("""{"kind":"ExecCredential"}""", "no status")]
    [InlineData("""{"kind":"ExecCredential","status":{}}""", "neither a token")]
    [InlineData("""{"kind":"ExecCredential","status":{"clientCertificateData":"x"}}""", "not both")]
    [InlineData("""{"kind":"ExecCredential","status":{"token":"t","expirationTimestamp":"soon"}}""", "\"soon\"")]
    public void ExecOutput_ThatIsWrong_IsOneClearError(string output, string expected)
    {
        var exec = new ExecAccess { Command = "login", ApiVersion = "client.authentication.k8s.io/v1" };

        KubernetesAccessException error = Assert.Throws<KubernetesAccessException>(() => ExecPlugin.Parse(output, exec, "program login"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    private const string Simple = """
        kind: Config
        current-context: lab
        contexts:
        - {name: lab, context: {cluster: k, user: u}}
        clusters:
        - name: k
          cluster:
            server: https://10.0.0.1:6443
        users:
        - name: u
          user:
            token: secret

        """;

    [Fact]
    public void MutatedFile_IsReadOrRefused() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(Mutations.Of(Simple).ToArbitrary(), bytes =>
    {
        System.IO.File.WriteAllBytes(File, bytes);
        try
        {
            Assert.NotNull(Kubeconfig.Read(File, null).Server);
        }
        catch (KubernetesAccessException error)
        {
            Assert.NotEmpty(error.Message);
        }
    }));

    private ClusterAccess Read(string text, string? context = null)
    {
        System.IO.File.WriteAllText(File, text);
        return Kubeconfig.Read(File, context);
    }
}
