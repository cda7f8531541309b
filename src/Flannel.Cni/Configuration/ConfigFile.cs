namespace Flannel.Cni.Configuration;

/// <summary>Files of configurations, and folders of them.</summary>
internal static class ConfigFile
{
    /// <summary>What a ConfigMap can hold.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <exception cref="CniConfigException">It cannot be read.</exception>
    public static byte[] Read(string path)
    {
        try
        {
            return CniFile.Read(path, MaxBytes);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniConfigException(path, $"{exception.Message.TrimEnd('.')}.", CniErrorCode.IoFailure, exception);
        }
    }

    /// <summary>The files of a folder with one of some endings, in the order of their names' bytes.</summary>
    /// <exception cref="CniConfigException">The folder cannot be read.</exception>
    public static IReadOnlyList<string> In(string folder, params string[] endings)
    {
        ArgumentNullException.ThrowIfNull(folder);
        try
        {
            return [.. Directory.EnumerateFiles(folder).Where(path => endings.Contains(Path.GetExtension(path), StringComparer.Ordinal))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CniConfigException(folder, $"{exception.Message.TrimEnd('.')}.", CniErrorCode.IoFailure, exception);
        }
    }
}
