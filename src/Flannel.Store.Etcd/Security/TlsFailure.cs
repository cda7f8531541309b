using System.Security.Authentication;
using System.Security.Cryptography;
using Flannel.Extensibility;

namespace Flannel.Store.Etcd.Security;

/// <summary>What failures of TLS mean, and what to do about them.</summary>
internal static class TlsFailure
{
    private const string Files = "CertificateFile and KeyFile (-etcd-certfile, -etcd-keyfile)";

    // OpenSSL's error codes: the library in bits 23 to 30, below it the reason, which for an alert from the other side is 1000 and the alert.
    private const int LibraryShift = 23, LibraryMask = 0xff, SslLibrary = 20, ReasonMask = 0x7fffff, FirstAlertReason = 1000;

    /// <summary>The alert that the server sent, by its number in RFC 8446, or <see langword="null"/>.</summary>
    public static int? FindAlert(Exception error)
    {
        for (Exception? cause = error; cause is not null; cause = cause.InnerException)
        {
            if (cause is CryptographicException && ((cause.HResult >> LibraryShift) & LibraryMask) == SslLibrary
                && (cause.HResult & ReasonMask) - FirstAlertReason is >= 0 and <= byte.MaxValue and int alert)
            {
                return alert;
            }
        }

        return null;
    }

    /// <summary>A failed handshake in words.</summary>
    public static string Describe(Exception error)
    {
        if (error is TlsException)
            return error.Message;
        if (FindAlert(error) is { } alert)
            return Describe(alert, null);
        return error.GetBaseException() switch
        {
            CryptographicException openSsl => openSsl.Message,
            // .NET's words for bytes that are no TLS.
            AuthenticationException => "the server does not answer as TLS does; if it speaks plain HTTP, write http://",
            { } other => $"the server ended the handshake ({other.Message.TrimEnd('.')}); if it speaks plain HTTP, write http://",
        };
    }

    /// <summary>An alert in words.</summary>
    /// <param name="alert">Its number.</param>
    /// <param name="certificate">
    /// The certificate that the server was shown; empty if there is none, <see langword="null"/> if that is not known.
    /// </param>
    public static string Describe(int alert, string? certificate) => (alert, certificate) switch
    {
        (116, _) or (42 or 43 or 46 or 48 or 49, "") =>
            $"the server demands a client certificate and was shown none ({NameOf(alert)}): set {Files}",
        (42 or 43 or 44 or 45 or 46 or 48 or 49 or 51, null) =>
            $"the server demands a client certificate, or refused the one it was shown ({NameOf(alert)}): check {Files}",
        (42 or 43 or 44 or 45 or 46 or 48 or 49 or 51, _) =>
            $"the server refused the client certificate {certificate} ({NameOf(alert)}): it must be issued for client authentication by an " +
            $"authority in the server's --trusted-ca-file; see {Files}",
        (40, _) => $"the server has no cipher, curve or signature algorithm in common with this host ({NameOf(alert)})",
        (70, _) => $"the server takes neither TLS 1.2 nor TLS 1.3 ({NameOf(alert)})",
        (112, _) => $"the server has no certificate for the name in the endpoint ({NameOf(alert)})",
        (120, _) => $"the server does not speak HTTP/2 ({NameOf(alert)}); is it etcd's client port?",
        _ => $"the server ended the connection ({NameOf(alert)})",
    };

    private static string NameOf(int alert) => alert switch
    {
        40 => "TLS alert 40, handshake failure",
        42 => "TLS alert 42, bad certificate",
        43 => "TLS alert 43, unsupported certificate",
        44 => "TLS alert 44, certificate revoked",
        45 => "TLS alert 45, certificate expired",
        46 => "TLS alert 46, certificate unknown",
        48 => "TLS alert 48, unknown authority",
        49 => "TLS alert 49, access denied",
        51 => "TLS alert 51, decrypt error",
        70 => "TLS alert 70, protocol version",
        71 => "TLS alert 71, insufficient security",
        80 => "TLS alert 80, internal error",
        112 => "TLS alert 112, unrecognized name",
        116 => "TLS alert 116, certificate required",
        120 => "TLS alert 120, no application protocol",
        _ => $"TLS alert {alert}",
    };
}
