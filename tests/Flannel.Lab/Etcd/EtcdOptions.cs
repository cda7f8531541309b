using System.Diagnostics;
using Flannel.Lab.Namespaces;

namespace Flannel.Lab.Etcd;

/// <summary>How a cluster under test is started.</summary>
public sealed record EtcdOptions
{
    /// <summary>How many members it has.</summary>
    public int Members { get; init; } = 1;

    /// <summary>The certificates to serve TLS with; without, it serves plain text.</summary>
    public EtcdCertificates? Certificates { get; init; }

    /// <summary>Whether clients must show a certificate of the same authority.</summary>
    public bool DemandsClientCertificate { get; init; }

    /// <summary>
    /// The laboratory's host that it runs on, for clients in the laboratory: those on other hosts reach it by the host's address. By default it runs
    /// where the tests run.
    /// </summary>
    public LabNode? Host { get; init; }

    /// <summary>For how many seconds a token is good that nobody uses; 0 for etcd's own 300.</summary>
    public int TokenSeconds { get; init; }

    /// <summary>How much it may store before it raises the alarm NOSPACE; 0 for etcd's own bound.</summary>
    public long QuotaBytes { get; init; }

    /// <summary>A program started where the cluster is.</summary>
    internal ProcessStartInfo Start(string program, IEnumerable<string> arguments) =>
        new(Host is null ? program : "ip", Host is null ? arguments : ["netns", "exec", Host.NamespaceName, program, .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
}
