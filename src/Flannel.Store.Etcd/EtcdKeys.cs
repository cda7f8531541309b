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
        byte[] end = [.. _directory];
        end[^1]++; // '/' has a successor, so there is no carry.
        RangeEnd = ByteString.CopyFrom(end);
    }

    /// <summary>The key of the configuration, for people.</summary>
    public string Config { get; }

    /// <summary>What the keys of leases begin with, for people.</summary>
    public string Subnets { get; }

    /// <summary>
    /// The key of the configuration. It is the first key of the one range that holds all that a node follows; what else lies in that range is
    /// other people's.
    /// </summary>
    public ByteString ConfigKey { get; }

    /// <summary>The first key behind all leases.</summary>
    public ByteString RangeEnd { get; }

    /// <summary>A path without double and trailing slashes and without dots, as flannel cleans it.</summary>
    public static string Clean(string prefix)
    {
        var parts = new List<string>();
        foreach (string part in prefix.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(static part => part != "."))
        {
            if (part != "..") parts.Add(part);
            else if (parts is [.., not ".."]) parts.RemoveAt(parts.Count - 1);
            else if (!prefix.StartsWith('/')) parts.Add(part);
        }

        return (prefix.StartsWith('/') ? "/" : "") + string.Join('/', parts);
    }

    /// <summary>The key of a lease.</summary>
    public ByteString Of(string key) => ByteString.CopyFromUtf8(Subnets + key);

    /// <summary>The name of a lease, given its key; <see langword="null"/> for a key that is not below the directory.</summary>
    public string? NameOf(ByteString key) =>
        key.Length > _directory.Length && key.Span.StartsWith(_directory) ? Encoding.UTF8.GetString(key.Span[_directory.Length..]) : null;
}
