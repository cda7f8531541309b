using System.Diagnostics;
using System.Globalization;
using System.Text;
using Flannel.Extensibility;
using Flannel.Integration.Tests.Tree;
using Flannel.Netlink.Route;

namespace Flannel.Integration.Tests.Demo;

/// <summary>The demo as a process of its own, and what it leaves in the network that it shares with us.</summary>
internal sealed class DemoProcess : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    private readonly HashSet<string> _namespacesBefore = [.. NetworkNamespace.List()];
    private readonly HashSet<string> _linksBefore = [.. Links()];
    private readonly string _folder = Directory.CreateTempSubdirectory("flannel-demo-test-").FullName;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private DemoProcess(string[] arguments)
    {
        // Started by a shell in the background, this process ignores SIGINT and would hand that on.
        _process = new Process { StartInfo = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Assembly(), .. arguments]) };
        _process.StartInfo.Environment["TMPDIR"] = _folder;
        _process.StartInfo.RedirectStandardOutput = _process.StartInfo.RedirectStandardError = true;
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has written to standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>What it has written to standard error so far.</summary>
    public string Errors => Read(_errors);

    public static DemoProcess Start(params string[] arguments) => new(arguments);

    /// <summary>The namespaces of this demo, by the part of their name that tells what they are.</summary>
    public string[] Namespaces(string role) =>
        [.. NetworkNamespace.List().Where(
            name => name.StartsWith("demo-", StringComparison.Ordinal) && name.EndsWith(role, StringComparison.Ordinal)
                && !_namespacesBefore.Contains(name))];

    /// <summary>The folders that it keeps addresses in.</summary>
    public string[] Folders() => Directory.GetDirectories(_folder, "flannel-demo-*");

    public async Task<string> WaitForNamespaceAsync(string role)
    {
        string[] found = [];
        await WaitUntilAsync(() => (found = Namespaces(role)).Length > 0);
        return found[0];
    }

    public Task WaitForOutputAsync(string text) => WaitUntilAsync(() => Output.Contains(text, StringComparison.Ordinal));

    public Task WaitForErrorsAsync(string text) => WaitUntilAsync(() => Errors.Contains(text, StringComparison.Ordinal));

    /// <summary>Sends a signal by its name without SIG.</summary>
    public async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -s {signal} {_process.Id}")]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Waits for the end and checks that nothing is left.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> FinishAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await _process.WaitForExitAsync(deadline.Token);
        Assert.Empty(Namespaces(""));
        Assert.Empty(Links().Except(_linksBefore));
        Assert.Empty(Folders());
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    public override string ToString() => $"{Errors}\n{Output}";

    private async Task WaitUntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (!condition())
        {
            if (_process.HasExited)
            {
                await _process.WaitForExitAsync(deadline.Token); // what it wrote last may not have been read yet
                Assert.True(condition(), $"The demo has ended with code {_process.ExitCode}: {this}");
                return;
            }

            await Task.Delay(2, deadline.Token);
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
            text.AppendLine(line);
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    private static IEnumerable<string> Links()
    {
        using var network = RouteNetlink.Open();
        return [.. network.GetLinks().Select(link => link.Name)];
    }

    private static string Assembly() =>
        Repository.PathOf("samples", "Orchestrator", "bin", Repository.Configuration, Repository.Framework, "Orchestrator.dll");
}
