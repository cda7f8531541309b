using System.Globalization;
using System.Net;
using Flannel.Lab.Namespaces;

namespace Flannel.Lab.Pinging;

/// <summary>
/// Pings a container without pause in every address family that it has and, beside it, the host that it is on. A machine that is busy keeps both
/// waiting, so what the overlay was silent for longer is the overlay's own doing.
/// </summary>
public sealed class ParallelPing : IAsyncDisposable
{
    private readonly List<(string Family, ContinuousPing Overlay, ContinuousPing Underlay)> _pings = [];

    /// <summary>Starts pinging.</summary>
    /// <param name="from">The container to ping from.</param>
    /// <param name="to">The container to ping.</param>
    /// <param name="fromHost">The host of the one.</param>
    /// <param name="toHost">The host of the other.</param>
    public ParallelPing(LabContainer from, LabContainer to, LabHost fromHost, LabHost toHost)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(toHost);
        Add("IPv4", to.Address, toHost.Address);
        Add("IPv6", to.AddressIPv6, toHost.AddressIPv6);

        void Add(string family, IPAddress? overlay, IPAddress? underlay)
        {
            if (overlay is not null && underlay is not null) _pings.Add((family, from.StartPinging(overlay), fromHost.StartPinging(underlay)));
        }
    }

    /// <summary>Waits until so many more requests have been answered over the overlay in every family.</summary>
    /// <param name="answers">How many.</param>
    public async Task WaitForAnswersAsync(int answers)
    {
        foreach (var (_, overlay, _) in _pings) await overlay.WaitForAnswersAsync(answers);
    }

    /// <summary>Stops sending.</summary>
    /// <returns>How much longer than the underlay the overlay gave no answer, and what to print of it.</returns>
    public async Task<(TimeSpan Silence, string Text)> StopAsync()
    {
        TimeSpan longest = TimeSpan.Zero;
        List<string> texts = [];
        foreach (var (family, overlay, underlay) in _pings)
        {
            PingReport above = await overlay.StopAsync();
            PingReport below = await underlay.StopAsync();
            TimeSpan own = above.LongestSilence - below.LongestSilence;
            if (own > longest) longest = own;
            texts.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{family} {above.LongestSilence.TotalMilliseconds:0} ms without an answer ({above.Lost} lost), " +
                $"the hosts {below.LongestSilence.TotalMilliseconds:0} ms"));
        }

        return (longest, string.Join("; ", texts));
    }

    /// <summary>Stops and closes the sockets.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (_, overlay, underlay) in _pings)
        {
            await overlay.DisposeAsync();
            await underlay.DisposeAsync();
        }
    }
}
