namespace Flannel.Store.Kubernetes.Access;

/// <summary>How to reach an API server and who to be there, as it is written down; nothing of it has been tried.</summary>
internal sealed record ClusterAccess
{
    /// <summary>The file or place that it comes from, for messages.</summary>
    public required string Origin { get; init; }

    /// <summary>The server's address; it may have a path.</summary>
    public required Uri Server { get; init; }

    /// <summary>Whom to trust; <see langword="null"/> for the authorities that the system trusts.</summary>
    public PemSource? Authorities { get; init; }

    /// <summary>Whether any certificate of the server will do.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>The name to look for in the server's certificate instead of its address.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>The proxy to use whatever the environment says.</summary>
    public Uri? Proxy { get; init; }

    public UserAccess User { get; init; } = new();
}

/// <summary>Who to be. What is not set is not used.</summary>
internal sealed record UserAccess
{
    public string? Token { get; init; }

    /// <summary>A file with a token, which goes before <see cref="Token"/> and is read again, because tokens are replaced.</summary>
    public string? TokenFile { get; init; }

    public PemSource? Certificate { get; init; }

    public PemSource? Key { get; init; }

    public string? Username { get; init; }

    public string? Password { get; init; }

    public ExecAccess? Exec { get; init; }

    public Impersonation? Impersonation { get; init; }

    /// <summary>Nothing secret.</summary>
    public override string ToString() => nameof(UserAccess);
}

/// <summary>A program that prints credentials.</summary>
internal sealed record ExecAccess
{
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    public required string ApiVersion { get; init; }

    public string? InstallHint { get; init; }

    /// <summary>What the program is told about the cluster, as JSON; <see langword="null"/> if it does not want to know.</summary>
    public string? ClusterInfo { get; init; }

    /// <summary>Nothing secret: arguments and variables may be.</summary>
    public override string ToString() => Command;
}

/// <summary>Whom to act for.</summary>
internal sealed record Impersonation
{
    public required string User { get; init; }

    public string? Uid { get; init; }

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, string>> Extra { get; init; } = [];
}

/// <summary>A certificate or a key: a file, or text that is known already.</summary>
/// <param name="Name">What names it, for messages.</param>
/// <param name="Path">The file.</param>
/// <param name="Text">The text, if there is no file.</param>
internal sealed record PemSource(string Name, string? Path, string? Text)
{
    /// <summary>Nothing secret.</summary>
    public override string ToString() => Path is null ? Name : $"{Name} {Path}";
}
