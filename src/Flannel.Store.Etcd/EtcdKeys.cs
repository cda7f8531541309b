using System.Text;
using Google.Protobuf;

namespace Flannel.Store.Etcd;

/// <summary>Where in etcd a network is kept.</summary>
internal sealed class EtcdKeys
{
    private readonly byte[] _directory;

    /// <param name="prefix">The network's key, such as <c>/coreos.com/network</c>.</param>
    public EtcdKeys(string prefix)
    {
        string clean = Clean(prefix);
        Config = clean + "/config";
        // With the slash, unlike flannel, which also sees a sibling such as subnets-old.
        Subnets = clean + "/subnets/";
        ConfigKey = ByteString.CopyFromUtf8(Config);
        _directory = Encoding.UTF8.GetBytes(Subnets);
        RangeStart = ByteString.CopyFrom(_directory);
        byte[] end = [.. _directory];
        end[^1]++; // '/' has a successor, so there is no carry.
        RangeEnd = ByteString.CopyFrom(end);
    }

    /// <summary>The key of the configuration, for people.</summary>
    public string Config { get; }

    /// <summary>What the keys of leases begin with, for people.</summary>
    public string Subnets { get; }

    /// <summary>The key of the configuration.</summary>
    public ByteString ConfigKey { get; }

    /// <summary>The first key that a lease could have.</summary>
    public ByteString RangeStart { get; }

    /// <summary>The first key behind all leases.</summary>
    public ByteString RangeEnd { get; }

    /// <summary>A path without double and trailing slashes, as flannel cleans it.</summary>
    public static string Clean(string prefix)
    {
        string[] parts = prefix.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return (prefix.StartsWith('/') ? "/" : "") + string.Join('/', parts);
    }

    /// <summary>The key of a lease.</summary>
    public ByteString Of(string key) => ByteString.CopyFromUtf8(Subnets + key);

    /// <summary>The name of a lease, given its key; <see langword="null"/> for the directory itself, which is nobody's.</summary>
    public string? NameOf(ByteString key) => key.Length > _directory.Length ? Encoding.UTF8.GetString(key.Span[_directory.Length..]) : null;
}
