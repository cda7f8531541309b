using System.Globalization;
using System.Net;
using System.Text.Json;
using Flannel.Extensibility;
using Flannel.Simulation.Models;

namespace Flannel.Simulation.Rules;

/// <summary>
/// Every sound lease that there ever was, and when: what entries in a kernel are justified by. It reads documents by its own means and judges them by
/// its own words, so that it does not share the faults of what it checks.
/// </summary>
internal sealed class LeaseHistory
{
    private static readonly IPNetwork Network = IPNetwork.Parse(SimulatedHost.OverlayNetwork);

    private readonly Dictionary<string, LeaseVersion> _current = new(StringComparer.Ordinal);
    private readonly Dictionary<KernelKey, List<LeaseVersion>> _byEntry = [];
    private LeaseVersion[]? _live;

    /// <summary>The sound leases that stand in the store now, oldest first.</summary>
    public IReadOnlyList<LeaseVersion> Live =>
        _live ??= [.. _current.Values.Where(static version => version.LiveTo is null).OrderBy(static version => version.CreateRevision)];

    /// <summary>Every version that there ever was.</summary>
    public List<LeaseVersion> All { get; } = [];

    /// <summary>The versions that an entry could stand for.</summary>
    public IEnumerable<LeaseVersion> Find(KernelKey key, string value) =>
        _byEntry.TryGetValue(key, out List<LeaseVersion>? versions) ? versions.Where(version => version.Entries.Contains((key, value))) : [];

    public void Put(StoredEntry entry, TimeSpan now)
    {
        _live = null;
        LeaseVersion? read = Read(entry, now);
        if (_current.TryGetValue(entry.Key, out LeaseVersion? before))
        {
            bool isSameLife = before.CreateRevision == entry.CreateRevision;
            if (read is not null && isSameLife && before.LiveTo is null && before.Entries.SequenceEqual(read.Entries)) return;
            before.LiveTo ??= now;
            if (read is null && isSameLife) return;
            before.TrueTo ??= now;
            _current.Remove(entry.Key);
        }

        if (read is null) return;
        _current[entry.Key] = read;
        All.Add(read);
        foreach ((KernelKey key, _) in read.Entries)
        {
            if (!_byEntry.TryGetValue(key, out List<LeaseVersion>? versions)) _byEntry[key] = versions = [];
            versions.Add(read);
        }
    }

    public void Delete(string key, TimeSpan now)
    {
        _live = null;
        if (!_current.Remove(key, out LeaseVersion? version)) return;
        version.LiveTo ??= now;
        version.TrueTo ??= now;
    }

    /// <summary>The address that a document publishes, sound or not; <see langword="null"/> if it cannot be read.</summary>
    public static IPAddress? AddressOf(StoredEntry entry)
    {
        try
        {
            using var document = JsonDocument.Parse(entry.Value);
            return document.RootElement.TryGetProperty("PublicIP", out JsonElement address) ? IPAddress.Parse(address.GetString()!) : null;
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Reads a lease if it is sound for every host.</summary>
    private static LeaseVersion? Read(StoredEntry entry, TimeSpan now)
    {
        try
        {
            if (ReadSubnet(entry.Key) is not { } subnet || AddressOf(entry) is not { } address) return null;
            using var document = JsonDocument.Parse(entry.Value);
            JsonElement root = document.RootElement;
            if (root.GetProperty("BackendType").GetString() != SimulatedBackend.BackendName) return null;
            string mac = root.GetProperty("BackendData").GetProperty("VtepMAC").GetString()!;
            bool isUnicast = (byte.Parse(mac[..2], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 1) == 0;
            bool isHost = address.GetAddressBytes() is [> 0 and < 224 and not 127, ..] && !Network.Contains(address);
            if (!isUnicast || !isHost || !Network.Contains(subnet.BaseAddress) || subnet.PrefixLength < Network.PrefixLength + 2) return null;
            return new LeaseVersion
            {
                Key = entry.Key,
                Subnet = subnet,
                Address = address,
                Mac = mac,
                CreateRevision = entry.CreateRevision,
                From = now,
            };
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static IPNetwork? ReadSubnet(string key) => IPNetwork.TryParse(key.Replace('-', '/'), out IPNetwork subnet) ? subnet : null;
}
