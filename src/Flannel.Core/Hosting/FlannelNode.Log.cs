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
            string state = Describe(status);
            StateChanged(logger, level, network, state);
        }

        [LoggerMessage(EventId = FlannelEventIds.NodeStateChanged, Message = "{Network} is {State}")]
        private static partial void StateChanged(ILogger logger, LogLevel level, string network, string state);

        [LoggerMessage(FlannelEventIds.NodeStillNotReady, LogLevel.Warning, "{Network} is not ready after {Seconds:0} s. It is {State}")]
        public static partial void StillNotReady(ILogger logger, string network, double seconds, string state);

        [LoggerMessage(FlannelEventIds.NodeStartGoesOn, LogLevel.Warning, "{Network} does not hold up the host's start any longer. {Reason}")]
        public static partial void StartGoesOn(ILogger logger, string network, string reason);

        [LoggerMessage(
            FlannelEventIds.NodeOptionsInvalid,
            LogLevel.Error,
            "{Network} is stopped by the options that it was started with, because those of today cannot be read.")]
        public static partial void OptionsInvalid(ILogger logger, Exception exception, string network);

        [LoggerMessage(FlannelEventIds.NodeTroubleOver, LogLevel.Information, "{Network} is well again, after {Duration}.")]
        public static partial void TroubleOver(ILogger logger, string network, string duration);

        [LoggerMessage(
            FlannelEventIds.NodeCrashed,
            LogLevel.Critical,
            "{Network} has ended by an error of this library; nothing keeps its lease and its peers any more. Restart the program.")]
        public static partial void Crashed(ILogger logger, Exception exception, string network);

        [LoggerMessage(FlannelEventIds.NodeSessionRenewed, LogLevel.Information, "{Network} follows a change: {Reason}.")]
        public static partial void SessionRenewed(ILogger logger, string network, SessionEnd reason);

        [LoggerMessage(FlannelEventIds.NodeUnexpectedError, LogLevel.Error, "{Network} met an unexpected error and starts again.")]
        public static partial void UnexpectedError(ILogger logger, Exception exception, string network);

        [LoggerMessage(
            FlannelEventIds.NodeSessionAbandoned,
            LogLevel.Error,
            "{Network} does not end although it was stopped; what it was doing is abandoned.")]
        public static partial void SessionAbandoned(ILogger logger, string network);
    }
}
