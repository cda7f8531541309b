using System.Text.Json;
using Flannel;

namespace Flanneld.Hosting;

/// <summary>The words that the flags of the udp backend take.</summary>
internal static class UdpWords
{
    public const string UnknownSenders = "unknown-senders";
    public const string ForeignSources = "foreign-sources";
    public const string ForeignDestinations = "foreign-destinations";

    /// <summary>What <c>-udp-accept</c> takes.</summary>
    public static readonly string[] Accepted = [UnknownSenders, ForeignSources, ForeignDestinations];

    /// <summary>What <c>-udp-without</c> takes.</summary>
    public static readonly IReadOnlyDictionary<string, UdpOffloads> Offloads = Enum.GetValues<UdpOffloads>()
        .Where(static offload => offload is not (UdpOffloads.None or UdpOffloads.All))
        .ToDictionary(static offload => JsonNamingPolicy.KebabCaseLower.ConvertName(offload.ToString()));
}
