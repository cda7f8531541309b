using System.Text;
using Flannel.Extensibility;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace Flannel.Store.Kubernetes.Access;

/// <summary>Reads a kubeconfig: one context of it, with its cluster and its user.</summary>
internal static class Kubeconfig
{
    // Files with certificates of many clusters in them stay far below.
    private const int MaxBytes = 4 << 20;

    // A kubeconfig is six levels deep, and what reads the tree recurses.
    private const int MaxDepth = 32;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="context">The context to take; <see langword="null"/> for the one that the file names.</param>
    /// <exception cref="KubernetesAccessException">The file cannot be read, or breaks a rule.</exception>
    public static ClusterAccess Read(string path, string? context)
    {
        string file = Path.GetFullPath(path);
        return new KubeconfigTree(file, Parse(file, ReadText(file))).ToAccess(context);
    }

    /// <summary>Reads a small file that belongs to an access.</summary>
    /// <exception cref="KubernetesAccessException">It cannot be read.</exception>
    public static string ReadText(string path, string? name = null)
    {
        string origin = name is null ? path : $"{name} {path}";
        try
        {
            if (Directory.Exists(path))
                throw new KubernetesAccessException(origin, "it is a directory; name a file in it");
            if (RegularFile.Refuse(path) is { } found)
                throw new KubernetesAccessException(origin, $"it is {found}");
            using var reader = new StreamReader(path, Encoding.UTF8);
            var text = new StringBuilder();
            char[] buffer = new char[4096];
            while (reader.ReadBlock(buffer) is > 0 and int count)
            {
                if (text.Append(buffer, 0, count).Length > MaxBytes)
                    throw new KubernetesAccessException(origin, $"it holds more than {MaxBytes >> 20} MiB");
            }

            return text.ToString();
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KubernetesAccessException(origin, "the file does not exist", error);
        }
        catch (UnauthorizedAccessException error)
        {
            throw new KubernetesAccessException(origin, "the user that this process runs as may not read it", error);
        }
        catch (Exception error) when (error is IOException or ArgumentException or NotSupportedException)
        {
            throw new KubernetesAccessException(origin, error.Message.TrimEnd('.'), error);
        }
    }

    private static YamlMappingNode Parse(string origin, string text)
    {
        if (string.IsNullOrWhiteSpace(text))
            throw new KubernetesAccessException(origin, "it is empty");
        try
        {
            CheckDepth(origin, text);
            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return stream.Documents is [{ RootNode: YamlMappingNode root }, ..]
                ? root
                : throw new KubernetesAccessException(origin, "it is no kubeconfig: keys such as clusters, users and contexts are expected");
        }
        catch (YamlException error)
        {
            string words = error.InnerException?.Message ?? error.Message;
            throw new KubernetesAccessException(
                origin, $"it is not YAML at line {error.Start.Line}, column {error.Start.Column}: {words.TrimEnd('.')}", error);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new KubernetesAccessException(origin, $"it is not YAML: {error.Message.TrimEnd('.')}", error);
        }
    }

    private static void CheckDepth(string origin, string text)
    {
        var parser = new Parser(new StringReader(text));
        int depth = 0;
        while (parser.MoveNext())
        {
            depth += parser.Current?.NestingIncrease ?? 0;
            if (depth > MaxDepth || parser.Current is AnchorAlias)
                throw new KubernetesAccessException(origin, "it is no kubeconfig: it is nested too deeply, or holds references");
        }
    }
}
