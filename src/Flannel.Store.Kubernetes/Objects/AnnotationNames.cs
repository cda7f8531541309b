using System.Text;
using System.Text.Json;

namespace Flannel.Store.Kubernetes.Objects;

/// <summary>How the annotations are named: a prefix that can be chosen, and flannel's words.</summary>
internal sealed class AnnotationNames
{
    private static readonly string[] Suffixes =
    [
        "kube-subnet-manager", "backend-type", "backend-data", "backend-v6-data", "public-ip", "public-ipv6",
        "public-ip-overwrite", "public-ipv6-overwrite", "node-public-ip", "node-public-ipv6",
    ];

    private readonly byte[] _prefix;
    private readonly byte[][] _suffixes = [.. Suffixes.Select(Encoding.UTF8.GetBytes)];

    /// <param name="prefix">The prefix as chosen: a domain, or a domain, a slash and the beginning of a name.</param>
    public AnnotationNames(string prefix)
    {
        Prefix = Complete(prefix);
        _prefix = Encoding.UTF8.GetBytes(Prefix);
    }

    /// <summary>What every name begins with, such as <c>flannel.alpha.coreos.com/</c>.</summary>
    public string Prefix { get; }

    /// <summary>An annotation's full name.</summary>
    public string this[Annotation annotation] => Prefix + Suffixes[(int)annotation];

    /// <summary>An annotation's name without its prefix, for messages.</summary>
    public static string WordOf(Annotation annotation) => Suffixes[(int)annotation];

    /// <summary>The prefix as flannel completes it: with a slash, and with a dash between a name's beginning and what follows.</summary>
    public static string Complete(string prefix)
    {
        if (!prefix.Contains('/', StringComparison.Ordinal))
            prefix += "/";
        return prefix.EndsWith('/') || prefix.EndsWith('-') ? prefix : prefix + "-";
    }

    /// <summary>Which annotation the reader's member is, or <see langword="null"/> if it is none of flannel's.</summary>
    public Annotation? Match(ref Utf8JsonReader member)
    {
        if (!member.ValueIsEscaped)
            return Match(member.ValueSpan);
        // Names are at most 317 characters; what is longer is not ours.
        Span<byte> name = stackalloc byte[512];
        return member.ValueSpan.Length > name.Length ? null : Match(name[..member.CopyString(name)]);
    }

    private Annotation? Match(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith(_prefix))
            return null;
        name = name[_prefix.Length..];
        for (int i = 0; i < _suffixes.Length; i++)
        {
            if (name.SequenceEqual(_suffixes[i]))
                return (Annotation)i;
        }

        return null;
    }
}
