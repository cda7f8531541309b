using Flannel.Netlink.Interop;
using Flannel.Netlink.Messages;

namespace Flannel.Netlink;

/// <summary>What an NLMSG_ERROR or NLMSG_DONE message says: the error, 0 for success, and the extended acknowledgement where there is one.</summary>
internal readonly record struct KernelError(int Errno, string? Text, int? AttributeOffset)
{
    internal NetlinkException ToException(string operation, int? requestIndex = null) => new(operation, Errno, Text, AttributeOffset, requestIndex);

    /// <summary>Reads NLMSG_ERROR: the error, the header of the request, then the request's payload unless capped, then attributes.</summary>
    internal static KernelError Read(NetlinkMessage message)
    {
        nlmsgerr answer = message.Read<nlmsgerr>(out NetlinkAttributeReader attributes);
        if ((message.Flags & LinuxNetlink.NLM_F_ACK_TLVS) == 0)
            return new KernelError(Normalise(answer.error), null, null);
        if ((message.Flags & LinuxNetlink.NLM_F_CAPPED) == 0)
        {
            long echoed = sizeof(int) + (((long)answer.msg.nlmsg_len + 3) & ~3);
            attributes = new NetlinkAttributeReader(message.Payload[(int)Math.Min(echoed, message.Payload.Length)..]);
        }

        return WithAttributes(Normalise(answer.error), attributes);
    }

    /// <summary>Reads NLMSG_DONE, which ends a dump and may carry an error.</summary>
    internal static KernelError ReadDone(NetlinkMessage message)
    {
        if (message.Payload.Length < sizeof(int))
            return default;
        int error = message.Read<int>(out NetlinkAttributeReader attributes);
        return (message.Flags & LinuxNetlink.NLM_F_ACK_TLVS) == 0
            ? new KernelError(Normalise(error), null, null)
            : WithAttributes(Normalise(error), attributes);
    }

    // The kernel sends the negative error. int.MinValue has no positive counterpart.
    private static int Normalise(int error) => error == int.MinValue ? int.MaxValue : Math.Abs(error);

    private static KernelError WithAttributes(int errno, NetlinkAttributeReader attributes)
    {
        string? text = null;
        int? offset = null;
        while (attributes.MoveNext())
        {
            if (attributes.Type == LinuxNetlink.NLMSGERR_ATTR_MSG)
                text = attributes.ReadString();
            else if (attributes.Type == LinuxNetlink.NLMSGERR_ATTR_OFFS)
                offset = (int)attributes.ReadUInt32();
        }

        return new KernelError(errno, text, offset);
    }
}
