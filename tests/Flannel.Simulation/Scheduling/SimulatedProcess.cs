namespace Flannel.Simulation.Scheduling;

/// <summary>
/// One life of a node's process, as the scheduler sees it. Nothing reaches a process that is paused before it goes on, and nothing at all one that is
/// dead: what it waited for never comes, and what it still does on its way there has no effect.
/// </summary>
/// <param name="host">The number of its host.</param>
/// <param name="started">When it was started.</param>
internal sealed class SimulatedProcess(int host, TimeSpan started)
{
    private readonly List<Step> _heldBack = [];
    private readonly List<(TimeSpan At, TimeSpan Until)> _knowledge = [];
    private TimeSpan _told = TimeSpan.MinValue;
    private int _writes;

    public int Host => host;

    public TimeSpan Started => started;

    public bool IsDead { get; private set; }

    /// <summary>Whether it was killed, so that what it would have seen to is nobody's any more.</summary>
    public bool WasKilled { get; private set; }

    public bool IsPaused { get; private set; }

    /// <summary>Up to when the process has been told everything that happened in the store, and had the time to act on it.</summary>
    public TimeSpan Knows => _knowledge.Count == 0 ? TimeSpan.MinValue : _knowledge[^1].Until;

    /// <summary>Ends the process as SIGKILL does.</summary>
    public void Kill() => (IsDead, WasKilled) = (true, true);

    /// <summary>Ends the process, which has nothing to do any more.</summary>
    public void End() => IsDead = true;

    /// <summary>Notes in an error whom it was given to.</summary>
    public TError Mark<TError>(TError error)
        where TError : Exception
    {
        error.Data[typeof(SimulatedProcess)] = this;
        return error;
    }

    /// <summary>Whether an error was given to a process that was killed, and could not observe it.</summary>
    public static bool IsOfKilled(Exception error) => error.Data[typeof(SimulatedProcess)] is SimulatedProcess { WasKilled: true };

    public void Pause() => IsPaused = true;

    /// <summary>Lets the process go on, and returns what came in for it meanwhile.</summary>
    public IReadOnlyList<Step> Resume()
    {
        IsPaused = false;
        Step[] steps = [.. _heldBack];
        _heldBack.Clear();
        return steps;
    }

    public void HoldBack(Step step) => _heldBack.Add(step);

    /// <summary>What <see cref="Knows"/> was at an earlier moment.</summary>
    public TimeSpan KnewAt(TimeSpan moment)
    {
        int last = _knowledge.FindLastIndex(item => item.At <= moment);
        return last < 0 ? TimeSpan.MinValue : _knowledge[last].Until;
    }

    /// <summary>The process is told everything that had happened in the store until a moment.</summary>
    public void Tell(TimeSpan until, TimeSpan now)
    {
        if (until > _told) _told = until;
        if (_writes == 0) Learn(now);
    }

    /// <summary>A write to the store is under way, behind which everything that is told may wait.</summary>
    public void BeginWrite() => _writes++;

    public void EndWrite(TimeSpan now)
    {
        if (--_writes == 0) Learn(now);
    }

    private void Learn(TimeSpan now)
    {
        if (_told > Knows) _knowledge.Add((now, _told));
    }
}
