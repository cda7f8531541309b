using Flannel.Containers.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel;

public sealed partial class ContainerNetwork
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.Attached, LogLevel.Debug, "Attached {Owner} as {Addresses} over {Device}.")]
        public static partial void Attached(ILogger logger, string owner, string addresses, string device);

        [LoggerMessage(FlannelEventIds.Detached, LogLevel.Debug, "Detached {Owner}.")]
        public static partial void Detached(ILogger logger, string owner);

        [LoggerMessage(FlannelEventIds.Cleared, LogLevel.Information, "Cleared up {Owner}: {State}.")]
        public static partial void Cleared(ILogger logger, string owner, ContainerState state);

        [LoggerMessage(
            FlannelEventIds.NoCarrier,
            LogLevel.Warning,
            "{Owner} is attached, but the kernel does not carry packets over {Device} yet. If it stays so, look at ip link show {Device}.")]
        public static partial void NoCarrier(ILogger logger, string owner, string device);

        [LoggerMessage(FlannelEventIds.MtuChanged, LogLevel.Information, "The MTU is {Mtu} now, for {Count} containers that are attached as well.")]
        public static partial void MtuChanged(ILogger logger, int mtu, int count);

        [LoggerMessage(
            FlannelEventIds.MtuLeft,
            LogLevel.Warning,
            "The MTU is {Mtu} now, but the namespaces of these containers are not found, and their interfaces keep their own: {Owners}.")]
        public static partial void MtuLeft(ILogger logger, int mtu, string owners);

        [LoggerMessage(
            FlannelEventIds.SubnetsChanged,
            LogLevel.Warning,
            "The host's subnets are {Subnets} now. {Count} containers have addresses of an earlier one, which other hosts do not reach: detach and " +
            "attach them.")]
        public static partial void SubnetsChanged(ILogger logger, string subnets, int count);

        [LoggerMessage(FlannelEventIds.FollowingFailed, LogLevel.Error, "A change of the node could not be carried to the containers.")]
        public static partial void FollowingFailed(ILogger logger, Exception exception);
    }
}
