using System.Collections.Immutable;
using Flannel.Core.Addressing;

namespace Flannel.Linux.DataPaths;

/// <summary>Says once what breaks and what heals.</summary>
/// <param name="onProblem">Told what is wrong with the data path as a whole; <see langword="null"/> when it is in order again.</param>
/// <param name="onPeer">Told why a peer cannot be reached; <see langword="null"/> when it can be again.</param>
public sealed class ProblemReport(Action<string?> onProblem, Action<SubnetKey, string?> onPeer)
{
    private string? _problem;
    private ImmutableDictionary<SubnetKey, string> _peerProblems = ImmutableDictionary<SubnetKey, string>.Empty;

    /// <summary>Says what changed since the last status.</summary>
    /// <param name="status">The status now.</param>
    public void Take(DataPathStatus status)
    {
        if (status.Problem != _problem) onProblem(status.Problem);
        if (!ReferenceEquals(status.PeerProblems, _peerProblems))
        {
            foreach ((SubnetKey peer, string problem) in status.PeerProblems)
            {
                if (!_peerProblems.ContainsKey(peer)) onPeer(peer, problem);
            }

            foreach (SubnetKey peer in _peerProblems.Keys)
            {
                if (!status.PeerProblems.ContainsKey(peer)) onPeer(peer, null);
            }
        }

        (_problem, _peerProblems) = (status.Problem, status.PeerProblems);
    }
}
