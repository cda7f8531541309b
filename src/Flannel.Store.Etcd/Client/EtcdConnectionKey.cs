using System.Runtime.CompilerServices;
using Flannel.Store.Etcd.Security;

namespace Flannel.Store.Etcd.Client;

/// <summary>
/// What two stores must have in common to share connections: everything but where in etcd the network is kept, and how leases are renewed.
/// </summary>
internal sealed record EtcdConnectionKey
{
    public EtcdConnectionKey(EtcdStoreOptions options)
    {
        Endpoints = string.Join(
            ' ', options.EffectiveEndpoints.Select(static endpoint => new Uri(endpoint).AbsoluteUri).Distinct().Order(StringComparer.Ordinal));
        User = (options.Username, options.Password);
        Files = (options.CaFile, options.CertificateFile, options.KeyFile);
        TlsObjects given = options.GetObjects();
        Certificates = (new(given.Authorities), new(given.Certificate), new(given.Intermediates));
        HandlerSettings = given.HandlerSettings;
        Timeout = options.RequestTimeout;
    }

    private string Endpoints { get; }

    private (string? Name, string? Password) User { get; }

    private (string? Authorities, string? Certificate, string? Key) Files { get; }

    private (SameObject Authorities, SameObject Certificate, SameObject Intermediates) Certificates { get; }

    private Action<SocketsHttpHandler>? HandlerSettings { get; }

    private TimeSpan Timeout { get; }

    /// <summary>Shows nothing: there is a password in it.</summary>
    public override string ToString() => nameof(EtcdConnectionKey);

    /// <summary>Certificates compare by issuer and number, which anybody may choose.</summary>
    private readonly record struct SameObject(object? Value)
    {
        public bool Equals(SameObject other) => ReferenceEquals(Value, other.Value);

        public override int GetHashCode() => RuntimeHelpers.GetHashCode(Value);
    }
}
