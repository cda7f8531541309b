using System.Globalization;

namespace Flannel.Core.Timing;

/// <summary>
/// When to speak of trouble that lasts: at once, then after pauses that double, and once more when it is over. Trouble that comes back soon is the
/// same trouble. Times are counted from wherever the caller likes. Not safe for concurrent use.
/// </summary>
internal sealed class Reminder
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    // Whoever is well for less than this is not well yet.
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);

    private TimeSpan _since;
    private TimeSpan? _until = TimeSpan.MinValue;
    private TimeSpan _pause;
    private TimeSpan _dueAt;
    private bool _isTold;

    /// <summary>There is trouble, or still is.</summary>
    /// <param name="now">The time.</param>
    /// <returns>Whether to speak of it.</returns>
    public bool IsDue(TimeSpan now)
    {
        if (_until is { } end && (end == TimeSpan.MinValue || now - end >= Calm))
            (_since, _pause, _dueAt) = (now, FirstPause, now);
        _until = null;
        if (now < _dueAt) return false;

        _dueAt = now + _pause;
        _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
        _isTold = true;
        return true;
    }

    /// <summary>How long the trouble has lasted, in words.</summary>
    public string Duration(TimeSpan now) => InWords(now - _since);

    /// <summary>The trouble is over.</summary>
    /// <param name="now">The time.</param>
    /// <returns>Whether it was spoken of since it came back last, so that its end is worth a word.</returns>
    public bool End(TimeSpan now)
    {
        _until ??= now;
        bool wasTold = _isTold;
        _isTold = false;
        return wasTold;
    }

    /// <summary>A duration as people say it: the two largest units, seconds at the least.</summary>
    public static string InWords(TimeSpan duration) => duration switch
    {
        { TotalMinutes: < 1 } => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(duration.TotalSeconds, 0):0} s"),
        { TotalHours: < 1 } => $"{duration.Minutes} min {duration.Seconds} s",
        { TotalDays: < 1 } => $"{duration.Hours} h {duration.Minutes} min",
        _ => $"{duration.Days} d {duration.Hours} h",
    };
}
