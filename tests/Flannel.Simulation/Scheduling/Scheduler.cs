namespace Flannel.Simulation.Scheduling;

/// <summary>
/// The one clock, and what happens next. Everything that a node waits for (an answer, an item of a watch, a notification of the kernel, a timer) is a
/// step in its queue, and a seeded generator says how long each is on its way; so the seed alone decides every interleaving.
/// </summary>
/// <param name="random">Decides.</param>
internal sealed class Scheduler(Random random)
{
    private readonly PriorityQueue<Step, (TimeSpan Due, long Order)> _queue = new();
    private long _order;

    public TimeSpan Now { get; private set; }

    public Random Random => random;

    /// <summary>How many steps there have been.</summary>
    public int Steps { get; private set; }

    /// <summary>A hash of everything that happened, in its order. Two runs of one seed have the same.</summary>
    public ulong Trace { get; private set; } = 14695981039346656037;

    /// <summary>Told of every step, for replays.</summary>
    public Action<Step>? OnStep { get; init; }

    /// <summary>Lets something happen after a time.</summary>
    public Step After(TimeSpan delay, string what, SimulatedProcess? process, Action run)
    {
        var step = new Step(what, process, run);
        Enqueue(Now + delay, step);
        return step;
    }

    /// <summary>Lets something happen that takes the time of a message: mostly a moment, now and then long.</summary>
    public void Soon(string what, SimulatedProcess? process, Action run) => After(Latency(), what, process, run);

    /// <summary>Lets a paused process go on. What came in for it happens now, in any order.</summary>
    public void Resume(SimulatedProcess process)
    {
        foreach (Step step in process.Resume()) Enqueue(Now + TimeSpan.FromMicroseconds(random.Next(1000)), step);
    }

    public TimeSpan Latency() => random.Next(100) switch
    {
        0 => TimeSpan.FromMicroseconds(random.Next(400_000)),
        < 10 => TimeSpan.FromMicroseconds(random.Next(40_000)),
        _ => TimeSpan.FromMicroseconds(100 + random.Next(3000)),
    };

    /// <summary>Lets the next thing happen, and everything that follows from it at once.</summary>
    /// <param name="until">What comes later waits.</param>
    /// <returns>Whether anything happened.</returns>
    public async ValueTask<bool> StepAsync(TimeSpan until)
    {
        while (_queue.TryPeek(out Step? step, out (TimeSpan Due, long) at) && at.Due <= until)
        {
            _queue.Dequeue();
            if (step.IsVoid || step.Process is { IsDead: true }) continue;
            Now = at.Due;
            if (step.Process is { IsPaused: true } paused)
            {
                paused.HoldBack(step);
                continue;
            }

            Steps++;
            Note(step.What);
            Note((ulong)((Now.Ticks * 16) + (step.Process?.Host ?? 15)));
            OnStep?.Invoke(step);
            step.Run();
            await Quiescence.WaitAsync();
            return true;
        }

        Now = until;
        return false;
    }

    /// <summary>Makes something part of the trace.</summary>
    public void Note(string text)
    {
        foreach (char c in text) Trace = (Trace ^ c) * 1099511628211;
    }

    private void Note(ulong value) => Trace = ((Trace ^ value) * 1099511628211) ^ (Trace >> 29);

    private void Enqueue(TimeSpan due, Step step) => _queue.Enqueue(step, (due, _order++));
}
