using Flannel.Core.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Core.Hosting;

internal sealed partial class FlannelNode
{
    private static partial class Log
    {
        /// <summary>One line per transition; the level follows from how bad the new state is.</summary>
        public static void StateChanged(ILogger logger, string network, FlannelNodeStatus status)
        {
            LogLevel level = status.State switch
            {
                FlannelNodeState.Failed => LogLevel.Error,
                FlannelNodeState.Degraded => LogLevel.Warning,
                _ => status.Error is null ? LogLevel.Information : LogLevel.Warning,
            };
            StateChanged(logger, level, network, status.State, status.Reason);
        }

        [LoggerMessage(EventId = FlannelEventIds.NodeStateChanged, Message = "Network '{Network}' is {State}. {Reason}")]
        private static partial void StateChanged(ILogger logger, LogLevel level, string network, FlannelNodeState state, string reason);

        [LoggerMessage(FlannelEventIds.NodeSessionRenewed, LogLevel.Information, "Network '{Network}' follows a change: {Reason}.")]
        public static partial void SessionRenewed(ILogger logger, string network, string reason);

        [LoggerMessage(FlannelEventIds.NodeUnexpectedError, LogLevel.Error, "Network '{Network}' met an unexpected error and starts again.")]
        public static partial void UnexpectedError(ILogger logger, Exception exception, string network);
    }
}
