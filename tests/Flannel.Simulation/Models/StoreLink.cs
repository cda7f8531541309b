using Flannel.Simulation.Scheduling;

namespace Flannel.Simulation.Models;

/// <summary>A host's way to the store, and what is wrong with it.</summary>
internal sealed class StoreLink
{
    /// <summary>Packets get lost, and nobody hears of it.</summary>
    public bool IsSilent { get; set; }

    /// <summary>Connections are refused.</summary>
    public bool IsRefused { get; set; }

    /// <summary>Watches deliver nothing, while calls are answered.</summary>
    public bool AreWatchesStuck { get; set; }

    /// <summary>What is asked for is done, and the answer is lost, now and then.</summary>
    public bool LosesAnswers { get; set; }

    /// <summary>Answers take seconds, sometimes longer than anybody waits.</summary>
    public bool IsSlow { get; set; }

    /// <summary>Whether it does not work as it should, for rules that allow for that.</summary>
    public bool IsDisturbed => AreCallsDisturbed || AreWatchesStuck;

    /// <summary>Whether calls do not work as they should.</summary>
    public bool AreCallsDisturbed => IsSilent || IsRefused || LosesAnswers || IsSlow;

    /// <summary>How long a message takes.</summary>
    public TimeSpan Latency(Scheduler scheduler) =>
        IsSlow && scheduler.Random.Next(3) > 0 ? TimeSpan.FromMilliseconds(scheduler.Random.Next(12_000)) : scheduler.Latency();
}
