using System.Security.Authentication;

namespace Flannel.Extensibility;

/// <summary>TLS was refused, by the server or by us, and the message says why and what to do.</summary>
/// <param name="message">Why, and what to do, as a part of a sentence.</param>
public sealed class TlsException(string message) : AuthenticationException(message);
