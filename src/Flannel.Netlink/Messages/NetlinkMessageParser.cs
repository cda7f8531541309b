using System.Diagnostics.CodeAnalysis;

namespace Flannel.Netlink.Messages;

/// <summary>Turns one answer of the kernel into an item.</summary>
/// <typeparam name="T">The item.</typeparam>
/// <param name="message">The message; not valid after the call.</param>
/// <param name="item">The item read from it.</param>
/// <returns>False to leave this message out.</returns>
/// <exception cref="NetlinkException">The message is malformed (<c>EBADMSG</c>).</exception>
public delegate bool NetlinkMessageParser<T>(NetlinkMessage message, [MaybeNullWhen(false)] out T item);
