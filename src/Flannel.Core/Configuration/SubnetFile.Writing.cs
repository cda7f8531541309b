using System.Text;
using Flannel.Extensibility;

namespace Flannel;

public sealed partial record SubnetFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode PublicFile = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode PublicDirectory =
        PublicFile | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>
    /// Writes the file so that a reader sees the old file or the new one, complete, whatever happens: a temporary file beside it is written,
    /// flushed to the disk and renamed. Mode 0644 and, for missing directories, 0755, whatever the umask.
    /// </summary>
    /// <remarks>
    /// After a loss of power the file may be the old one, because the directory is not flushed (the BCL has no handle of a directory). It is
    /// still complete, and the node then finds its lease by its public address.
    /// </remarks>
    /// <param name="path">The file's path.</param>
    /// <param name="cancellationToken">Ends the call; the old file is then still there.</param>
    /// <exception cref="SubnetFileException">The file cannot be written; the old one is unchanged and nothing is left behind.</exception>
    public Task WriteAsync(string path, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        byte[] content = Encoding.ASCII.GetBytes(ToText());

        // Flushing and renaming have no asynchronous form and may take as long as the disk is busy.
        return Task.Run(() => Write(Path.GetFullPath(path), content, cancellationToken), cancellationToken);
    }

    private static void Write(string path, byte[] content, CancellationToken cancellationToken)
    {
        string directory = Path.GetDirectoryName(path) ?? path;
        string temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}");
        try
        {
            if (RegularFile.Refuse(path) is not null)
                throw new IOException("something else is there");
            CreateDirectory(directory);
            try
            {
                WriteDurably(temporary, content);
                cancellationToken.ThrowIfCancellationRequested();
                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string problem = Explain(path, directory) ?? $"{e.Message.TrimEnd('.')}; give the process write access to {directory}";
            throw new SubnetFileException(
                path, $"The subnet file {path} cannot be written: {problem}, or choose another path with the SubnetFile option (flannel: " +
                    "-subnet-file).", e);
        }
    }

    // What write access would not help with.
    private static string? Explain(string path, string directory)
    {
        if (Directory.Exists(path))
        {
            return "it is a directory; name a file in it";
        }

        if (RegularFile.Refuse(path) is { } found)
        {
            return $"it is {found}; remove it";
        }

        for (string? parent = directory; parent is not null; parent = Path.GetDirectoryName(parent))
        {
            if (File.Exists(parent))
            {
                return $"{parent} is a file, not a directory; remove it";
            }
        }

        return null;
    }

    private static void WriteDurably(string path, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var stream = new FileStream(path, options);
        stream.Write(content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(stream.SafeFileHandle, PublicFile);
        }

        stream.Flush(flushToDisk: true);
    }

    private static void CreateDirectory(string directory)
    {
        if (Directory.Exists(directory))
        {
            return;
        }

        if (Path.GetDirectoryName(directory) is { } parent)
        {
            CreateDirectory(parent);
        }

        Directory.CreateDirectory(directory);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, PublicDirectory);
        }
    }
}
