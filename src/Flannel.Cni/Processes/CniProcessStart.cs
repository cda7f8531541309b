using System.Text;

namespace Flannel.Cni;

/// <summary>A plugin to be run.</summary>
/// <param name="Path">The file to execute.</param>
/// <param name="Environment">All of its environment variables.</param>
/// <param name="Input">What it reads from its standard input.</param>
public sealed record CniProcessStart(string Path, IReadOnlyDictionary<string, string> Environment, ReadOnlyMemory<byte> Input);

/// <summary>How a plugin ended.</summary>
public enum CniProcessEnding
{
    /// <summary>By itself, with an exit code.</summary>
    Exited,

    /// <summary>By a signal.</summary>
    Signalled,

    /// <summary>It did not end in time and was killed, with its process group.</summary>
    TimedOut,

    /// <summary>It wrote more than any result has and was killed, with its process group.</summary>
    OutputTooLong,

    /// <summary>
    /// By itself or by a signal: the kernel has forgotten which. In a process that ignores SIGCHLD, and in one with the number 1 that starts
    /// processes by .NET too, somebody else learns of every child's end; kernels since 6.15 tell nevertheless. What it wrote says whether it failed.
    /// </summary>
    Unknown,
}

/// <summary>What became of a plugin.</summary>
/// <param name="Ending">How it ended.</param>
/// <param name="Code">The exit code, or the number of the signal.</param>
/// <param name="Output">What it wrote to its standard output.</param>
/// <param name="Errors">The beginning of what it wrote to its standard error, as UTF-8.</param>
public sealed record CniProcessResult(CniProcessEnding Ending, int Code, ReadOnlyMemory<byte> Output, ReadOnlyMemory<byte> Errors)
{
    /// <summary><see cref="Errors"/> as text on one line; empty if there is none.</summary>
    public string ErrorText => Encoding.UTF8.GetString(Errors.Span).Trim().ReplaceLineEndings(" ");
}
