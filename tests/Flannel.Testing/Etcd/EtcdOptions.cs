namespace Flannel.Testing.Etcd;

/// <summary>How a cluster under test is started.</summary>
public sealed record EtcdOptions
{
    /// <summary>How many members it has.</summary>
    public int Members { get; init; } = 1;

    /// <summary>The certificates to serve TLS with; without, it serves plain text.</summary>
    public EtcdCertificates? Certificates { get; init; }

    /// <summary>Whether clients must show a certificate of the same authority.</summary>
    public bool DemandsClientCertificate { get; init; }

    /// <summary>How much it may store before it raises the alarm NOSPACE; 0 for etcd's own bound.</summary>
    public long QuotaBytes { get; init; }
}
