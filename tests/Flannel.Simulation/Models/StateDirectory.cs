using System.Text.RegularExpressions;

namespace Flannel.Simulation.Models;

/// <summary>Where a host's node remembers its lease: a directory, because the product reads and writes one.</summary>
internal sealed partial class StateDirectory : IDisposable
{
    private StateDirectory() => Path = Directory.CreateTempSubdirectory("flannel-simulation-").FullName;

    public string Path { get; }

    private FileInfo[] Files => new DirectoryInfo(Path).GetFiles();

    public static StateDirectory? Create(bool isKept) => isKept ? new StateDirectory() : null;

    /// <summary>What another host has of it that was made from this one.</summary>
    /// <param name="isAsleep">Whether it was made from the memory, too, so that it goes on in the same boot.</param>
    public StateDirectory Copy(bool isAsleep)
    {
        var copy = new StateDirectory();
        foreach (FileInfo file in Files) file.CopyTo(System.IO.Path.Combine(copy.Path, file.Name));
        if (!isAsleep) copy.Reboot();
        return copy;
    }

    /// <summary>What is remembered was written in an earlier boot from now on.</summary>
    public void Reboot()
    {
        foreach (FileInfo file in Files) File.WriteAllText(file.FullName, Boot().Replace(File.ReadAllText(file.FullName), $"\"{Guid.Empty}\""));
    }

    /// <summary>Nothing is remembered.</summary>
    public void Clear()
    {
        foreach (FileInfo file in Files) file.Delete();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    [GeneratedRegex("(?<=\"Boot\":)\"[^\"]*\"")]
    private static partial Regex Boot();
}
