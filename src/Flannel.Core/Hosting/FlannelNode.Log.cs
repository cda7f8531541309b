using Flannel.Core.Diagnostics;
using Flannel.Core.Sessions;
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
            if (!logger.IsEnabled(level)) return;
            string reason = status.Reason.Length > 0 ? $" {status.Reason}" : "";
            StateChanged(logger, level, network, status.State, reason);
        }

        [LoggerMessage(EventId = FlannelEventIds.NodeStateChanged, Message = "{Network} is {State}.{Reason}")]
        private static partial void StateChanged(ILogger logger, LogLevel level, string network, FlannelNodeState state, string reason);

        [LoggerMessage(FlannelEventIds.NodeSessionRenewed, LogLevel.Information, "{Network} follows a change: {Reason}.")]
        public static partial void SessionRenewed(ILogger logger, string network, SessionEnd reason);

        [LoggerMessage(FlannelEventIds.NodeUnexpectedError, LogLevel.Error, "{Network} met an unexpected error and starts again.")]
        public static partial void UnexpectedError(ILogger logger, Exception exception, string network);

        [LoggerMessage(FlannelEventIds.NodeSessionAbandoned, LogLevel.Error, "{Network} does not end although it was stopped; what it was doing is abandoned.")]
        public static partial void SessionAbandoned(ILogger logger, string network);
    }
}
