using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Flannel.Containers.Interop;
using Flannel.Netlink;
using Flannel.Netlink.Messages;
using static Flannel.Containers.Interop.LinuxConntrack;

namespace Flannel.Containers.Ports;

/// <summary>
/// Connections of UDP that the kernel tracks. Only their first packet is looked up in the maps, and every further one renews them: a sender that does
/// not pause would never reach the container that has the port now.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class TrackedDatagrams : IDisposable
{
    private const byte Udp = 17;

    private readonly NetlinkSocket _socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);

    /// <summary>
    /// Forgets the connections that are meant. A kernel that cannot list them keeps them until they expire, which is no reason to refuse a container.
    /// </summary>
    public void Forget(AddressFamily family, Func<TrackedConnection, bool> isMeant)
    {
        try
        {
            foreach (TrackedConnection connection in List(family).Where(isMeant)) Delete(family, connection);
        }
        catch (NetlinkException)
        {
            // Best effort, as said above.
        }
    }

    public void Dispose() => _socket.Dispose();

    private List<TrackedConnection> List(AddressFamily family)
    {
        Span<byte> buffer = stackalloc byte[64];
        return _socket.Dump<TrackedConnection>(buffer[..Begin(buffer, IPCTNL_MSG_CT_GET, family).Complete()], TryRead);
    }

    private void Delete(AddressFamily family, TrackedConnection connection)
    {
        Span<byte> buffer = stackalloc byte[256];
        NetlinkMessageWriter writer = Begin(buffer, IPCTNL_MSG_CT_DELETE, family);
        writer.WriteBytes(CTA_TUPLE_ORIG | NLA_F_NESTED, connection.Tuple); // without one, the kernel would forget everything
        writer.WriteBytes(CTA_ID, connection.Id);
        if (connection.Zone.Length > 0) writer.WriteBytes(CTA_ZONE, connection.Zone);
        try
        {
            _socket.Execute(buffer[..writer.Complete()]);
        }
        catch (NetlinkException exception) when (exception.IsNotFound)
        {
            // It expired meanwhile.
        }
    }

    private static NetlinkMessageWriter Begin(Span<byte> buffer, ushort message, AddressFamily family)
    {
        var writer = new NetlinkMessageWriter(buffer, MessageType(message), 0);
        writer.Write(new NetfilterHeader { Family = family == AddressFamily.InterNetwork ? AF_INET : AF_INET6 });
        return writer;
    }

    private static bool TryRead(NetlinkMessage message, [MaybeNullWhen(false)] out TrackedConnection connection)
    {
        message.Read<NetfilterHeader>(out NetlinkAttributeReader attributes);
        connection = null;
        Tuple original = default, reply = default;
        byte[] tuple = [], id = [], zone = [];
        while (attributes.MoveNext())
        {
            switch (attributes.Type)
            {
                case CTA_TUPLE_ORIG:
                    original = ReadTuple(attributes.ReadNested());
                    if (original.Protocol != Udp) return false;
                    tuple = attributes.Value.ToArray();
                    break;
                case CTA_TUPLE_REPLY:
                    reply = ReadTuple(attributes.ReadNested());
                    break;
                case CTA_ID:
                    id = attributes.Value.ToArray();
                    break;
                case CTA_ZONE:
                    zone = attributes.Value.ToArray();
                    break;
            }
        }

        attributes.EnsureValid();
        if (tuple.Length == 0 || id.Length == 0 || original is not { Source: { } from, Destination: { } to }
            || reply is not { Source: { } answering, Destination: { } answered })
        {
            return false;
        }

        bool isTranslated = !to.Equals(answering) || !from.Equals(answered);
        connection = new TrackedConnection(original.Port, isTranslated ? answering : null, tuple, id, zone);
        return true;
    }

    private static Tuple ReadTuple(NetlinkAttributeReader attributes)
    {
        Tuple tuple = default;
        while (attributes.MoveNext())
        {
            NetlinkAttributeReader parts = attributes.ReadNested();
            bool isAddress = attributes.Type == CTA_TUPLE_IP;
            if (!isAddress && attributes.Type != CTA_TUPLE_PROTO) continue;
            while (parts.MoveNext())
            {
                if (isAddress && parts.Type is CTA_IP_V4_SRC or CTA_IP_V6_SRC) tuple.Source = parts.ReadAddress();
                else if (isAddress && parts.Type is CTA_IP_V4_DST or CTA_IP_V6_DST) tuple.Destination = parts.ReadAddress();
                else if (!isAddress && parts.Type == CTA_PROTO_NUM) tuple.Protocol = parts.ReadByte();
                else if (!isAddress && parts.Type == CTA_PROTO_DST_PORT) tuple.Port = parts.ReadUInt16BigEndian();
            }
        }

        return tuple;
    }

    private record struct Tuple(IPAddress? Source, IPAddress? Destination, byte Protocol, int Port);
}
