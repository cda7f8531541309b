using System.Text;
using YamlDotNet.RepresentationModel;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>A parsed kubeconfig, and what its keys mean. Every mistake is told with the path of its key.</summary>
/// <param name="file">The file; paths in it are relative to its folder.</param>
/// <param name="root">Its content.</param>
internal sealed class KubeconfigTree(string file, YamlMappingNode root)
{
    private static readonly string[] ExecVersions = ["v1", "v1beta1", "v1alpha1"];

    private string Folder => Path.GetDirectoryName(file) ?? "/";

    /// <summary>Reads one context.</summary>
    /// <param name="context">Its name; <see langword="null"/> for the one that the file names.</param>
    /// <exception cref="KubernetesAccessException">A rule is broken.</exception>
    public ClusterAccess ToAccess(string? context)
    {
        if (Text(root, "kind", "kind") is { Length: > 0 } kind and not "Config")
            throw Broken("kind", $"is {Shown(kind)}; a kubeconfig has the kind Config");
        string name = context ?? Text(root, "current-context", "current-context") ?? "";
        if (name.Length == 0)
            throw Broken("current-context", $"is missing; it must name one of the contexts: {Names("contexts")}");
        YamlMappingNode chosen = Find("contexts", "context", name, context is null ? "current-context" : "the option Context");
        string path = $"contexts[{name}].context";
        string clusterName = Text(chosen, "cluster", $"{path}.cluster") is { Length: > 0 } given
            ? given
            : throw Broken($"{path}.cluster", "is missing");
        YamlMappingNode cluster = Find("clusters", "cluster", clusterName, $"{path}.cluster");
        string? userName = Text(chosen, "user", $"{path}.user");
        YamlMappingNode? user = userName is { Length: > 0 } ? Find("users", "user", userName, $"{path}.user") : null;
        ClusterAccess access = ReadCluster(cluster, $"clusters[{clusterName}].cluster", user);
        return user is null ? access : access with { User = ReadUser(user, $"users[{userName}].user", access) };
    }

    private ClusterAccess ReadCluster(YamlMappingNode cluster, string path, YamlMappingNode? user)
    {
        PemSource? authorities = Pem(cluster, "certificate-authority", path);
        bool isInsecure = Flag(cluster, "insecure-skip-tls-verify", path);
        if (isInsecure && authorities is not null)
            throw Broken($"{path}.insecure-skip-tls-verify", "is true, and a certificate authority is given beside it; remove one of them");
        bool isSecure = isInsecure || authorities is not null || (user is not null && Pem(user, "client-certificate", path) is not null);
        string server = Text(cluster, "server", $"{path}.server") is { Length: > 0 } given
            ? given
            : throw Broken($"{path}.server", "is missing; write the address of the API server, such as https://10.0.0.1:6443");
        string? proxy = Text(cluster, "proxy-url", $"{path}.proxy-url");
        return new ClusterAccess
        {
            Origin = file,
            Server = Address(
                server.Contains("://", StringComparison.Ordinal) ? server : $"{(isSecure ? "https" : "http")}://{server}",
                $"{path}.server",
                ["http", "https"]),
            Authorities = authorities,
            IsInsecure = isInsecure,
            TlsServerName = Text(cluster, "tls-server-name", $"{path}.tls-server-name") is { Length: > 0 } name ? name : null,
            Proxy = proxy is { Length: > 0 } ? Address(proxy, $"{path}.proxy-url", ["http", "https", "socks5"]) : null,
        };
    }

    private UserAccess ReadUser(YamlMappingNode user, string path, ClusterAccess cluster)
    {
        if (Child(user, "auth-provider") is not null)
            throw Broken($"{path}.auth-provider", "is of a kind that Kubernetes has given up; use exec instead");
        PemSource? certificate = Pem(user, "client-certificate", path);
        PemSource? key = Pem(user, "client-key", path);
        if (certificate is null != key is null)
            throw Broken($"{path}.{(certificate is null ? "client-certificate" : "client-key")}", "is missing beside its other half");
        string? token = NonEmpty(user, "token", path);
        string? tokenFile = NonEmpty(user, "tokenFile", path);
        string? username = NonEmpty(user, "username", path);
        string? password = NonEmpty(user, "password", path);
        ExecAccess? exec = Child(user, "exec") is { } node ? ReadExec(Mapping(node, $"{path}.exec"), $"{path}.exec", cluster) : null;
        if ((token ?? tokenFile) is not null && (username ?? password) is not null)
            throw Broken(path, "holds a token and a user with a password; remove one of them");
        if (username is null && password is not null)
            throw Broken($"{path}.username", "is missing beside password");
        return new UserAccess
        {
            Token = token,
            TokenFile = tokenFile is null ? null : Path.Combine(Folder, tokenFile),
            Certificate = certificate,
            Key = key,
            Username = username,
            Password = password,
            Exec = exec,
            Impersonation = ReadImpersonation(user, path),
        };
    }

    private ExecAccess ReadExec(YamlMappingNode exec, string path, ClusterAccess cluster)
    {
        string command = NonEmpty(exec, "command", path)
            ?? throw Broken($"{path}.command", "is missing; it names the program that prints credentials");
        string version = NonEmpty(exec, "apiVersion", path)
            ?? throw Broken($"{path}.apiVersion", "is missing; write client.authentication.k8s.io/v1");
        if (!ExecVersions.Any(known => version == $"client.authentication.k8s.io/{known}"))
            throw Broken($"{path}.apiVersion", $"is {Shown(version)}; client.authentication.k8s.io/v1 or v1beta1 is expected");
        if (NonEmpty(exec, "interactiveMode", path) == "Always")
            throw Broken($"{path}.interactiveMode", "is Always, but there is nobody to ask");
        var environment = new List<KeyValuePair<string, string>>();
        foreach (YamlNode entry in Items(exec, "env", path))
        {
            YamlMappingNode variable = Mapping(entry, $"{path}.env");
            environment.Add(new(
                NonEmpty(variable, "name", $"{path}.env") ?? throw Broken($"{path}.env", "has an entry without a name"),
                Text(variable, "value", $"{path}.env.value") ?? ""));
        }

        // As a path it is relative to the file, as a bare name it is looked for where programs are.
        bool isPath = command.Contains('/', StringComparison.Ordinal);
        return new ExecAccess
        {
            Command = isPath ? Path.GetFullPath(Path.Combine(Folder, command)) : command,
            ApiVersion = version,
            Arguments = [.. Items(exec, "args", path).Select(argument => Scalar(argument, $"{path}.args"))],
            Environment = environment,
            InstallHint = NonEmpty(exec, "installHint", path),
            ClusterInfo = Flag(exec, "provideClusterInfo", path) ? ExecClusterInfo.Describe(cluster) : null,
        };
    }

    private Impersonation? ReadImpersonation(YamlMappingNode user, string path)
    {
        string? name = NonEmpty(user, "as", path);
        string? uid = NonEmpty(user, "as-uid", path);
        string[] groups = [.. Items(user, "as-groups", path).Select(group => Scalar(group, $"{path}.as-groups"))];
        List<KeyValuePair<string, string>> extra = [];
        if (Child(user, "as-user-extra") is { } node)
        {
            foreach ((YamlNode key, YamlNode values) in Mapping(node, $"{path}.as-user-extra").Children)
            {
                string named = Scalar(key, $"{path}.as-user-extra");
                extra.AddRange(
                    Sequence(values, $"{path}.as-user-extra.{named}")
                        .Select(value => KeyValuePair.Create(named, Scalar(value, $"{path}.as-user-extra.{named}"))));
            }
        }

        if (name is not null)
            return new Impersonation { User = name, Uid = uid, Groups = groups, Extra = extra };
        return uid is null && groups.Length == 0 && extra.Count == 0
            ? null
            : throw Broken($"{path}.as", "is missing beside as-uid, as-groups or as-user-extra");
    }

    private PemSource? Pem(YamlMappingNode node, string key, string path)
    {
        if (NonEmpty(node, $"{key}-data", path) is { } data)
        {
            string name = $"{path}.{key}-data in {file}";
            byte[] bytes = new byte[data.Length];
            return Convert.TryFromBase64String(data, bytes, out int count)
                ? new PemSource(name, null, Encoding.UTF8.GetString(bytes, 0, count))
                : throw Broken($"{path}.{key}-data", "is not base64; it may be cut off, or the PEM text itself (write that into a file and name it)");
        }

        return NonEmpty(node, key, path) is { } named ? new PemSource($"{path}.{key}", Path.Combine(Folder, named), null) : null;
    }

    private Uri Address(string text, string path, string[] schemes) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) && address.Host.Length > 0 && schemes.Contains(address.Scheme)
            ? address.UserInfo.Length == 0
                || !path.EndsWith("server", StringComparison.Ordinal) ? address : throw Broken(path, "holds a user; name it below users")
            // What has a user in it may hold a password.
            : throw Broken(path, $"is {(text.Contains('@', StringComparison.Ordinal) ? "no address" : Shown(text) + ", which is no address")}; " +
                $"it must begin with {string.Join(" or ", schemes.Select(static scheme => scheme + "://"))} and name a host");

    private YamlMappingNode Find(string list, string member, string name, string namedBy)
    {
        YamlMappingNode? found = null;
        foreach (YamlNode entry in Items(root, list, ""))
        {
            YamlMappingNode item = Mapping(entry, list);
            if (Text(item, "name", $"{list}.name") != name)
                continue;
            if (found is not null)
                throw Broken(list, $"holds {Shown(name)} twice; remove one of them");
            found = Child(item, member) is { } content
                ? Mapping(content, $"{list}[{name}].{member}")
                : throw Broken($"{list}[{name}].{member}", "is missing");
        }

        return found ?? throw Broken(namedBy, $"names {Shown(name)}, which is none of the {list}: {Names(list)}");
    }

    private string Names(string list)
    {
        string[] names = [.. Items(root, list, "").OfType<YamlMappingNode>().Select(item => Text(item, "name", list)).OfType<string>().Select(Shown)];
        return names.Length == 0 ? "there are none" : string.Join(", ", names);
    }

    private YamlNode[] Items(YamlMappingNode node, string key, string path) =>
        Child(node, key) is { } child ? [.. Sequence(child, path.Length == 0 ? key : $"{path}.{key}")] : [];

    private YamlSequenceNode Sequence(YamlNode node, string path) => node as YamlSequenceNode ?? throw Broken(path, "must be a list");

    private YamlMappingNode Mapping(YamlNode node, string path) => node as YamlMappingNode ?? throw Broken(path, "must hold keys and values");

    private string Scalar(YamlNode node, string path) => (node as YamlScalarNode)?.Value ?? throw Broken(path, "must be text");

    private string? Text(YamlMappingNode node, string key, string path) => Child(node, key) is { } child ? Scalar(child, path) : null;

    private string? NonEmpty(YamlMappingNode node, string key, string path) => Text(node, key, $"{path}.{key}") is { Length: > 0 } text ? text : null;

    private bool Flag(YamlMappingNode node, string key, string path) => Text(node, key, $"{path}.{key}") switch
    {
        null or "" or "false" => false,
        "true" => true,
        { } other => throw Broken($"{path}.{key}", $"is {Shown(other)}; write true or false"),
    };

    // A key without a value is as good as none.
    private static YamlNode? Child(YamlMappingNode node, string key) =>
        node.Children.TryGetValue(new YamlScalarNode(key), out YamlNode? child)
        && child is not YamlScalarNode
        {
            Value: null or "" or "null" or "~",
            Style: YamlDotNet.Core.ScalarStyle.Plain or YamlDotNet.Core.ScalarStyle.Any,
        }
            ? child
            : null;

    private static string Shown(string text) => ForeignText.Show(text);

    private KubernetesAccessException Broken(string path, string problem) => new(file, $"{path} {problem}");
}
