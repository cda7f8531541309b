using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>Logs once what breaks and what heals.</summary>
/// <remarks>Thread-safe: the status is read inside its lock, so that an older one never follows a newer one.</remarks>
/// <param name="onProblem">Told what is wrong with the data path as a whole; <see langword="null"/> when it is in order again.</param>
/// <param name="onPeer">Told why a peer cannot be reached; <see langword="null"/> when it can be again.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed class ProblemReport(Action<string?> onProblem, Action<SubnetKey, string?> onPeer)
{
    private readonly Lock _gate = new();
    private string? _problem;
    private ImmutableDictionary<SubnetKey, string> _peerProblems = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>Says what changed since the last status.</summary>
    /// <param name="readStatus">Reads the status of this moment.</param>
    public void Take(Func<DataPathStatus> readStatus)
    {
        ArgumentNullException.ThrowIfNull(readStatus);
        lock (_gate)
        {
            DataPathStatus status = readStatus();
            if (status.Problem != _problem) onProblem(status.Problem);
            if (!ReferenceEquals(status.PeerProblems, _peerProblems)) TakePeers_NeedsLock(status.PeerProblems);
            (_problem, _peerProblems) = (status.Problem, status.PeerProblems);
        }
    }

    private void TakePeers_NeedsLock(ImmutableDictionary<SubnetKey, string> problems)
    {
        foreach ((SubnetKey peer, string problem) in problems)
        {
            if (!_peerProblems.ContainsKey(peer)) onPeer(peer, problem);
        }

        foreach (SubnetKey peer in _peerProblems.Keys)
        {
            if (!problems.ContainsKey(peer)) onPeer(peer, null);
        }
    }
}
