namespace Flannel.Linux.Tests.Traffic;

/// <summary>A directory of shell scripts that stand before the real programs in the search path.</summary>
internal sealed class FakePrograms : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("flannel-programs-").FullName;

    internal string SearchPath => $"{_directory}:{Flannel.Linux.Traffic.ProgramRunner.DefaultSearchPath}";

    internal void Write(string program, string script)
    {
        string path = Path.Combine(_directory, program);
        File.WriteAllText(path + ".new", $"#!/bin/sh\ncount() {{ printf x >>{CountPath}; }}\n{script}\n");
        File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(path + ".new", path, overwrite: true);
    }

    internal void Link(string program, string target) => File.CreateSymbolicLink(Path.Combine(_directory, program), target);

    /// <summary>How often scripts have called <c>count</c>, which is defined in each.</summary>
    internal int Count => File.Exists(CountPath) ? File.ReadAllText(CountPath).Length : 0;

    private string CountPath => Path.Combine(_directory, "count");

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
