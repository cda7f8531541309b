namespace Flannel.Cni;

/// <summary>How a plugin failed.</summary>
public enum CniPluginFailure
{
    /// <summary>It said what is wrong, with a code.</summary>
    Reported,

    /// <summary>No folder of <c>CNI_PATH</c> holds it.</summary>
    NotFound,

    /// <summary>It could not be started.</summary>
    NotStarted,

    /// <summary>It did not end in time and was killed.</summary>
    TimedOut,

    /// <summary>It was ended by a signal.</summary>
    Signalled,

    /// <summary>It failed without saying what is wrong.</summary>
    Silent,

    /// <summary>It succeeded without the result that it owes, or with one that cannot be read.</summary>
    BadOutput,

    /// <summary>It wrote more than any result has and was killed.</summary>
    OutputTooLong,
}
