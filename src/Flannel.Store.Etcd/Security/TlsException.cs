using System.Security.Authentication;

namespace Flannel.Store.Etcd.Security;

/// <summary>TLS was refused, by the server or by us, and the message says why and what to do.</summary>
internal sealed class TlsException(string message) : AuthenticationException(message);
