namespace Flannel.Store.Kubernetes.Access;

/// <summary>What a program printed.</summary>
/// <param name="Token">A token, or <see langword="null"/>.</param>
/// <param name="Certificate">A client certificate as PEM text, or <see langword="null"/>.</param>
/// <param name="Key">Its key.</param>
/// <param name="Expiration">When they end; <see langword="null"/> if they are good until they are refused.</param>
internal sealed record ExecCredential(string? Token, string? Certificate, string? Key, DateTimeOffset? Expiration)
{
    /// <summary>Nothing secret.</summary>
    public override string ToString() => nameof(ExecCredential);
}
