using Flannel.Linux.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Flannel.Linux.Traffic;

/// <content>Log messages.</content>
internal sealed partial class RuleReconciler
{
    private static partial class Log
    {
        [LoggerMessage(FlannelEventIds.TrafficRulesWritten, LogLevel.Information, "{Network}: traffic rules written, because {Reasons}.")]
        public static partial void Written(ILogger logger, string network, string reasons);

        [LoggerMessage(FlannelEventIds.TrafficRulesRepaired, LogLevel.Warning, "{Network}: traffic rules repaired, because {Reasons}.")]
        public static partial void Repaired(ILogger logger, string network, string reasons);

        [LoggerMessage(FlannelEventIds.TrafficRulesFailing, LogLevel.Error, "{Network}: the traffic rules cannot be kept.")]
        public static partial void Failing(ILogger logger, Exception exception, string network);

        [LoggerMessage(FlannelEventIds.TrafficRulesHoldAgain, LogLevel.Information, "{Network}: the traffic rules hold again.")]
        public static partial void HoldAgain(ILogger logger, string network);

        [LoggerMessage(
            FlannelEventIds.TrafficRulesUnwatched,
            LogLevel.Warning,
            "{Network}: the kernel tells of no changes of the packet filter, so the traffic rules are only looked at every {Interval}.")]
        public static partial void Unwatched(ILogger logger, Exception exception, string network, TimeSpan interval);

        [LoggerMessage(FlannelEventIds.TrafficRulesRemoved, LogLevel.Information, "{Network}: traffic rules removed: {Removed}.")]
        public static partial void Removed(ILogger logger, string network, string removed);
    }
}
