using System.Net.Http.Headers;
using System.Text;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>What every request carries to say who sends it.</summary>
/// <param name="Authorization">The header, or <see langword="null"/> for nobody in particular.</param>
/// <param name="Impersonation">Whom to act for, or <see langword="null"/>.</param>
internal sealed record ApiCredentials(AuthenticationHeaderValue? Authorization, Impersonation? Impersonation)
{
    /// <summary>A token as a header.</summary>
    /// <param name="token">The token; blanks around it do not count.</param>
    /// <param name="origin">Where it is from.</param>
    /// <exception cref="KubernetesAccessException">It is empty, or has characters that no token has.</exception>
    public static AuthenticationHeaderValue Bearer(string token, string origin)
    {
        string trimmed = token.Trim();
        if (trimmed.Length == 0)
            throw new KubernetesAccessException(origin, "the token is empty");
        return trimmed.All(static c => c is > ' ' and < '\x7f')
            ? new AuthenticationHeaderValue("Bearer", trimmed)
            : throw new KubernetesAccessException(origin, "the token has characters that no token has, such as line breaks");
    }

    /// <summary>A user and a password as a header.</summary>
    public static AuthenticationHeaderValue Basic(string username, string password) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{password}")));

    /// <summary>Puts the headers onto a request.</summary>
    public void ApplyTo(HttpRequestMessage request)
    {
        request.Headers.Authorization = Authorization;
        if (Impersonation is not { } other)
            return;
        Add("Impersonate-User", other.User);
        if (other.Uid is { } uid)
            Add("Impersonate-Uid", uid);
        foreach (string group in other.Groups)
            Add("Impersonate-Group", group);
        foreach ((string key, string value) in other.Extra)
            Add($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);

        void Add(string name, string value) => request.Headers.TryAddWithoutValidation(name, value);
    }

    /// <summary>Nothing secret.</summary>
    public override string ToString() => nameof(ApiCredentials);
}
