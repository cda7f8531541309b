namespace Flannel.Store.Etcd.Client;

/// <summary>
/// What an address has answered so far, whichever connection it was asked on: a server that is slow is not taken for a silent one again because a
/// connection to it was given up.
/// </summary>
internal sealed class AnswerHistory
{
    private volatile bool _hasAnswered;
    private int _unanswered;

    /// <summary>Whether it has ever answered.</summary>
    public bool HasAnswered => _hasAnswered;

    /// <summary>Calls in a row without an answer on connections that had given none.</summary>
    public int Unanswered => Volatile.Read(ref _unanswered);

    /// <summary>An answer came.</summary>
    public void Answered()
    {
        _hasAnswered = true;
        Volatile.Write(ref _unanswered, 0);
    }

    /// <summary>A call ended without an answer on a connection that has given none.</summary>
    public void Missed() => Interlocked.Increment(ref _unanswered);
}
