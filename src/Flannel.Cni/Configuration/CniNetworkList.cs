using System.Text;
using Flannel.Cni.Configuration;

namespace Flannel.Cni;

/// <summary>A network: the plugins that containers are attached by, in order. Immutable.</summary>
public sealed class CniNetworkList
{
    internal CniNetworkList(string name, string cniVersion, IReadOnlyList<CniPluginConfig> plugins, ReadOnlyMemory<byte> source)
    {
        Name = name;
        CniVersion = cniVersion;
        Plugins = plugins;
        Source = source;
    }

    /// <summary>The name of the network, unique on a host.</summary>
    public string Name { get; }

    /// <summary>The version of CNI to speak with the plugins: the newest that the list offers and this library knows.</summary>
    public string CniVersion { get; }

    /// <summary>The plugins, in the order of ADD.</summary>
    public IReadOnlyList<CniPluginConfig> Plugins { get; }

    /// <summary>Whether CHECK is not to be called (<c>disableCheck</c>).</summary>
    public bool DisableCheck { get; internal init; }

    /// <summary>Whether garbage is not to be collected (<c>disableGC</c>), because several runtimes share the network.</summary>
    public bool DisableGC { get; internal init; }

    /// <summary>Whether plugins in the folder named after the network do not belong to the list (<c>loadOnlyInlinedPlugins</c>).</summary>
    public bool LoadOnlyInlinedPlugins { get; internal init; }

    /// <summary>The file it was read from, or <see langword="null"/>.</summary>
    public string? Path { get; internal init; }

    /// <summary>The text it was read from.</summary>
    public ReadOnlyMemory<byte> Source { get; }

    /// <summary>Reads a list, or one plugin's configuration as a list of one.</summary>
    /// <param name="json">The text.</param>
    /// <exception cref="CniConfigException">It cannot be used.</exception>
    public static CniNetworkList Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return NetworkListReader.Read(Encoding.UTF8.GetBytes(json), null);
    }

    /// <summary>
    /// Reads a file: a list (<c>.conflist</c>), or one plugin's configuration (<c>.conf</c>, <c>.json</c>) as a list of one. Unless the list says
    /// <c>loadOnlyInlinedPlugins</c>, the files <c>*.conf</c> in the folder beside it that is named after the network follow the plugins in it, in
    /// name order.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CniConfigException">It cannot be read or used.</exception>
    public static CniNetworkList Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return NetworkListReader.Read(ConfigFile.Read(path), path);
    }

    /// <summary>The network of a folder, as kubelet takes it: the first file in name order that can be used.</summary>
    /// <param name="folder">The folder, such as <c>/etc/cni/net.d</c>.</param>
    /// <exception cref="CniConfigException">There is none; the reason names every file that was passed over, and why.</exception>
    public static CniNetworkList LoadFirst(string folder)
    {
        List<string> refused = [];
        foreach (string path in ConfigFile.In(folder, ".conf", ".conflist", ".json"))
        {
            try
            {
                return Load(path);
            }
            catch (CniConfigException exception)
            {
                refused.Add($"{System.IO.Path.GetFileName(path)}: {exception.Reason}");
            }
        }

        throw new CniConfigException(
            folder, refused.Count == 0 ? "it holds no file that ends in .conflist, .conf or .json." : "none of its files is a network. " +
                $"{string.Join(" ", refused)}");
    }

    /// <summary>Every network of a folder, as podman takes them, in the order of the files' names.</summary>
    /// <param name="folder">The folder, such as <c>/etc/cni/net.d</c>.</param>
    /// <param name="refused">
    /// Told of each file that cannot be used and of each network whose name an earlier file has; <see langword="null"/> to pass over them.
    /// </param>
    /// <exception cref="CniConfigException">The folder cannot be read.</exception>
    public static IReadOnlyList<CniNetworkList> LoadAll(string folder, Action<CniConfigException>? refused = null)
    {
        List<CniNetworkList> found = [];
        foreach (string path in ConfigFile.In(folder, ".conf", ".conflist", ".json"))
        {
            try
            {
                CniNetworkList list = Load(path);
                if (found.Find(other => other.Name == list.Name) is { } earlier)
                    throw new CniConfigException(path, $"the network '{list.Name}' is in {earlier.Path} already.");
                found.Add(list);
            }
            catch (CniConfigException exception)
            {
                refused?.Invoke(exception);
            }
        }

        return found;
    }
}
