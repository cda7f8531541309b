using System.Net;
using Flannel.Extensibility;
using Flannel.Store.Kubernetes.Objects;

namespace Flannel.Store.Kubernetes.Membership;

/// <content>
/// Two agents with one Node, as by a wrong node name. The one that is there puts its address back when another one publishes its own, and that tells
/// the other one that it came second.
/// </content>
internal sealed partial class NodeKeeper
{
    // Whoever is there puts his annotations back at once; an operator does not.
    private static readonly TimeSpan PutBackTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan QuietTime = TimeSpan.FromMinutes(2);

    private readonly Dictionary<Annotation, string> _replaced;
    private DuplicatePublicAddressException? _claimant;
    private TimeSpan _quietAt = TimeSpan.MaxValue;

    private string WayOut =>
        "Give each host the Node with its own name (the option NodeName, or NODE_NAME in the environment), or stop one of the two agents of " +
        $"{_name}.";

    /// <summary>The hosts' addresses among annotations.</summary>
    public static Dictionary<Annotation, string> AddressesIn(IEnumerable<KeyValuePair<Annotation, string?>> annotations) => annotations
        .Where(static entry => entry.Key is Annotation.PublicIP or Annotation.PublicIPv6 && IPAddress.TryParse(entry.Value, out _))
        .ToDictionary(static entry => entry.Key, static entry => entry.Value!);

    /// <summary>The address that another agent has put back where this one published its own, if one did.</summary>
    private IPAddress? FindPutBack(ApiObject node, KeyValuePair<Annotation, string?>[] differences) => Now >= PutBackTime ? null : differences
        .Where(difference => _replaced.TryGetValue(difference.Key, out string? former) && former == node.Annotations[difference.Key])
        .Select(difference => IPAddress.Parse(_replaced[difference.Key]))
        .FirstOrDefault();

    private void LoseToDuplicate(IPAddress holder)
    {
        _writeAt = TimeSpan.MaxValue;
        Lose(OwnLeaseState.Taken, new DuplicatePublicAddressException(
            _lease.Key,
            holder,
            $"Another agent, on a host with the address {holder}, is alive and takes the Node {_name} for its own; it has put its address back. " +
            $"This node cannot join as that Node, and does not try again until somebody takes the annotations away. {WayOut}"));
    }

    private void NoteClaimant(Dictionary<Annotation, string> published)
    {
        if (published.Count == 0) return;
        IPAddress address = IPAddress.Parse(published.Values.First());
        bool isNews = _claimant is null;
        _quietAt = Now + QuietTime;
        _claimant ??= new DuplicatePublicAddressException(
            _lease.Key, address, $"Somebody else, with the address {address}, takes the Node {_name} for its own. This node puts its annotations " +
                $"back and keeps the Node. {WayOut}");
        if (!isNews) return;
        Log.Taken(_services.Logger, _claimant.Message);
        _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Contested, _lease, _claimant));
    }

    private void ForgetClaimant()
    {
        (_claimant, _quietAt) = (null, TimeSpan.MaxValue);
        if (_loss is null) _results.Enqueue(new OwnLeaseChanged(OwnLeaseState.Renewed, _lease, null));
    }
}
