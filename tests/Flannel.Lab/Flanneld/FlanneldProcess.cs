using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Flannel.Lab.Namespaces;
using Xunit;

namespace Flannel.Lab.Flanneld;

/// <summary>
/// The console host as a process of its own on a laboratory's host. It is the one that was built with these tests, or the published one that
/// <see cref="ExecutableVariable"/> names.
/// </summary>
public sealed class FlanneldProcess : IAsyncDisposable
{
    /// <summary>The variable with the path of an executable to test instead.</summary>
    public const string ExecutableVariable = "FLANNEL_TEST_FLANNELD";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly LabNode _host;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flanneld-");
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly HttpClient _http;

    private FlanneldProcess(LabNode host, string[] launcher, IReadOnlyDictionary<string, string>? environment, string[] arguments)
    {
        _host = host;
        _http = new HttpClient(new SocketsHttpHandler { ConnectCallback = NamespaceConnection.From(_host) });

        // Started by a shell in the background, this process ignores SIGINT and would hand that on. ip and env become the program: its process is
        // ours.
        string[] ownFile = arguments.Any(argument => argument.TrimStart('-').StartsWith("subnet-file", StringComparison.Ordinal))
            || arguments is ["docker-opts", ..]
            ? []
            : [$"--subnet-file={SubnetFile}"];
        var start = new ProcessStartInfo(
            "ip", ["netns", "exec", host.NamespaceName, "env", "--default-signal=INT,HUP,TERM", .. launcher, .. Program(), .. arguments, .. ownFile])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Where it writes its subnet file, unless its arguments say otherwise.</summary>
    public string SubnetFile => Path.Combine(_folder.FullName, "subnet.env");

    /// <summary>Whether it is the published program and not the one that was built.</summary>
    public static bool IsPublished => Environment.GetEnvironmentVariable(ExecutableVariable) is { Length: > 0 };

    /// <summary>Its process.</summary>
    public int Id => _process.Id;

    /// <summary>A folder of its own, which goes with it.</summary>
    public string Folder => _folder.FullName;

    /// <summary>What it has written so far.</summary>
    public string Output
    {
        get
        {
            lock (_errors) return _errors.ToString();
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it on a host.</summary>
    /// <param name="host">The host.</param>
    /// <param name="arguments">Its command line.</param>
    public static FlanneldProcess Start(LabNode host, params string[] arguments) => new(host, [], null, arguments);

    /// <summary>Starts it on a host with variables in its environment.</summary>
    public static FlanneldProcess Start(LabNode host, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        new(host, [], environment, arguments);

    /// <summary>Starts it on a host by way of a program that becomes it, such as setpriv.</summary>
    public static FlanneldProcess StartBy(string[] launcher, LabNode host, params string[] arguments) => new(host, launcher, null, arguments);

    /// <summary>Waits until it has written a text.</summary>
    public Task WaitForOutputAsync(string text) => WaitUntilAsync(() => Output.Contains(text, StringComparison.Ordinal), $"'{text}' in its output");

    /// <summary>Waits until the subnet file is there.</summary>
    /// <returns>Its content.</returns>
    public async Task<string> WaitForSubnetFileAsync()
    {
        await WaitUntilAsync(() => File.Exists(SubnetFile), "the subnet file"); // which appears all at once
        return await File.ReadAllTextAsync(SubnetFile);
    }

    /// <summary>Waits until it says that it is ready.</summary>
    public Task WaitForReadyAsync() => WaitForOutputAsync("] Ready with ");

    /// <summary>Asks its health server.</summary>
    /// <param name="port">The <c>-healthz-port</c>.</param>
    /// <param name="path">The path, <c>/readyz</c> for example.</param>
    public async Task<(HttpStatusCode Status, string Body)> GetAsync(int port, string path)
    {
        using var limit = new CancellationTokenSource(Deadline);
        using HttpResponseMessage answer = await _http.GetAsync(
            new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}{path}")), limit.Token);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(limit.Token));
    }

    /// <summary>Asks its health server until it gives the status.</summary>
    /// <returns>The body that came with it.</returns>
    public async Task<string> WaitForHealthAsync(int port, string path, HttpStatusCode status, string text = "")
    {
        string body = "";
        await WaitUntilAsync(
            async () =>
            {
                try
                {
                    (HttpStatusCode found, body) = await GetAsync(port, path);
                    return found == status && body.Contains(text, StringComparison.Ordinal);
                }
                catch (HttpRequestException)
                {
                    return false; // it does not listen yet
                }
            },
            $"{(int)status} from {path} with \"{text}\", the last was {body}");
        return body;
    }

    /// <summary>Sends a signal by its name without SIG.</summary>
    public async Task SignalAsync(string signal)
    {
        using Process kill = Process.Start("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -s {signal} {_process.Id}")]);
        await kill.WaitForExitAsync();
        Assert.Equal(0, kill.ExitCode);
    }

    /// <summary>Kills it without warning.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> WaitForExitAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"flanneld does not end. It wrote:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Where its threads are, if gdb is there to tell.</summary>
    public async Task<string> DescribeThreadsAsync()
    {
        using var limit = new CancellationTokenSource(Deadline);
        using Process gdb = Process.Start(new ProcessStartInfo(
            "sh",
            [
                "-c",
                string.Create(
                    CultureInfo.InvariantCulture, $"command -v gdb >/dev/null && exec gdb -p {_process.Id} -batch -ex 'thread apply all bt 25'"),
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            Task<string> errors = gdb.StandardError.ReadToEndAsync(limit.Token);
            string output = await gdb.StandardOutput.ReadToEndAsync(limit.Token);
            await errors;
            return output;
        }
        catch (OperationCanceledException)
        {
            gdb.Kill();
            return "gdb does not end";
        }
    }

    /// <summary>Asks it to end, and waits.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        return await WaitForExitAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) await KillAsync();
        _process.Dispose();
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    public override string ToString() => Output;

    private Task WaitUntilAsync(Func<bool> condition, string what) => WaitUntilAsync(() => Task.FromResult(condition()), what);

    private async Task WaitUntilAsync(Func<Task<bool>> condition, string what)
    {
        using var limit = new CancellationTokenSource(Deadline);
        while (!await condition())
        {
            bool isOver = HasExited; // before the last look, so that nothing written at the end is missed
            if (isOver) await _process.WaitForExitAsync(limit.Token);
            if (isOver && !await condition())
                Assert.Fail($"flanneld has ended with code {_process.ExitCode}; awaited was {what}. It wrote:\n{Output}");
            if (isOver) return;
            if (limit.IsCancellationRequested) throw new TimeoutException($"There is no {what}. flanneld wrote:\n{Output}");
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private void Append(string? line)
    {
        if (line is null) return;
        lock (_errors) _errors.Append(line).Append('\n');
    }

    // Ours is <root>/tests/<project>/bin/<configuration>/<framework>/.
    private static string[] Program()
    {
        if (Environment.GetEnvironmentVariable(ExecutableVariable) is { Length: > 0 } executable) return [executable];
        string[] output = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        return ["dotnet", string.Join('/', [.. output[..^5], "src", "Flanneld", "bin", .. output[^2..], "flanneld.dll"])];
    }
}
