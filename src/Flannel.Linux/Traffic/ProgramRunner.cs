using System.ComponentModel;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Flannel.Extensibility;

namespace Flannel.Linux.Traffic;

/// <summary>Runs iptables' programs in a node's network namespace.</summary>
/// <param name="searchPath">Directories with colons between, as in <c>PATH</c>.</param>
/// <param name="time">Bounds every run.</param>
[SupportedOSPlatform("linux")]
[SuppressMessage("ApiDesign", "RS0030", Justification = "iptables has no other stable interface than its programs (docs/adr/0005).")]
internal sealed class ProgramRunner(string? searchPath, TimeProvider time)
{
    // Services and ordinary users often have no sbin in their PATH, where Debian puts its programs.
    private const string SystemDirectories = "/usr/local/sbin:/usr/sbin:/sbin";

    // Far beyond what a run takes, even behind others that hold iptables' lock.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Where programs are looked for unless a test says otherwise: <c>PATH</c>, then the directories of system programs.</summary>
    public static string DefaultSearchPath => $"{Environment.GetEnvironmentVariable("PATH")}:{SystemDirectories}";

    /// <summary>Runs a program to its end.</summary>
    /// <param name="networkNamespace">The namespace to run in, or <see langword="null"/> for the process's own.</param>
    /// <param name="program">The program's name.</param>
    /// <param name="package">The Debian package that brings it.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="input">What it reads from its standard input.</param>
    /// <param name="cancellationToken">Kills the program.</param>
    /// <exception cref="MissingProgramException">The program is not installed.</exception>
    /// <exception cref="TrafficRulesException">It could not be started or did not end in time.</exception>
    public async Task<ProgramResult> RunAsync(
        string? networkNamespace, string program, string package, IReadOnlyList<string> arguments, string? input, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string command = $"{program} {string.Join(' ', arguments)}";
        string path = Find(program) ?? throw new MissingProgramException(program, package, "Keeping the traffic rules");
        using Process process = Start(networkNamespace, path, arguments);
        using var deadline = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(either.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(either.Token);
            await FeedAsync(process, input, either.Token).ConfigureAwait(false);
            await Task.WhenAll(output, errors, process.WaitForExitAsync(either.Token)).ConfigureAwait(false);
            return new ProgramResult(command, process.ExitCode, await output.ConfigureAwait(false), await errors.ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TrafficRulesException(
                $"'{command}' did not end within {Limit.TotalSeconds} s and was killed. Does something hold iptables' lock?", isTransient: true);
        }
        finally
        {
            await EndAsync(process).ConfigureAwait(false);
            process.StandardOutput.Dispose(); // whoever reads a pipe owns it: disposing the process leaves it to the garbage collector
            process.StandardError.Dispose();
        }
    }

    // A child begins in the network namespace of the thread that starts it.
    private static Process Start(string? networkNamespace, string path, IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C"; // error messages are read by a program
        try
        {
            if (networkNamespace is not null)
                StartSignalThread();
            return NetworkNamespace.Run(networkNamespace, () => Process.Start(start)!);
        }
        catch (Win32Exception exception)
        {
            throw new TrafficRulesException($"'{path}' cannot be started: {exception.Message}.", isTransient: true, exception);
        }
    }

    // The runtime reaps children on a thread for signals, which it starts with the first child or the first handler. That thread must not be born
    // inside a namespace, which it would keep alive for ever.
    private static void StartSignalThread() => PosixSignalRegistration.Create(PosixSignal.SIGCHLD, static _ => { }).Dispose();

    private static async Task FeedAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null)
                await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken).ConfigureAwait(false);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading on: its exit code and its words say why.
        }
    }

    private static async Task EndAsync(Process process)
    {
        try
        {
            if (process.HasExited)
                return;
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (InvalidOperationException)
        {
            // it ended in between
        }
    }

    private string? Find(string program) => searchPath?
        .Split(':', StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.Combine(directory, program))
        .FirstOrDefault(File.Exists);
}
