using System.Net;
using Orchestrator.Machines;

namespace Orchestrator.Pinging;

/// <summary>One ping and what became of it.</summary>
/// <param name="From">Who asked.</param>
/// <param name="To">Who was asked.</param>
/// <param name="Address">Which of its addresses was asked.</param>
/// <param name="RoundTrip">How long the answer took; <see langword="null"/> if there was none.</param>
internal sealed record Ping(DemoContainer From, DemoContainer To, IPAddress Address, TimeSpan? RoundTrip)
{
    public bool IsAnswered => RoundTrip is not null;

    /// <summary>Whether the two are on different hosts, so that only the overlay connects them.</summary>
    public bool CrossesHosts => From.Host != To.Host;
}
