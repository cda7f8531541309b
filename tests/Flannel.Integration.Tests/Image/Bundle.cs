using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flannel.Lab.Namespaces;

namespace Flannel.Integration.Tests.Image;

/// <summary>A container of the image on a laboratory's host, in its network namespace as with <c>hostNetwork</c>.</summary>
internal sealed class Bundle : IDisposable
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _folder;
    private readonly string _runtime;
    private readonly LabHost _host;
    private readonly string[] _capabilities;
    private readonly string _root;
    private readonly string _id = $"flannel-{Guid.NewGuid():N}";
    private readonly StringBuilder _output = new();
    private Process? _process;

    public Bundle(ImageFixture image, string runtime, LabHost host, string[]? capabilities = null)
    {
        _folder = Directory.CreateDirectory(Path.Combine(image.Folder, _id));
        _runtime = runtime;
        _host = host;
        _capabilities = capabilities ?? ["CAP_NET_ADMIN", "CAP_NET_RAW"];
        _root = image.Unpack(Path.Combine(_id, "root"));
        foreach (string name in new[] { "run", "config", "state" }) _folder.CreateSubdirectory(name);
    }

    public string SubnetFile => Path.Combine(_folder.FullName, "run", "subnet.env");

    /// <summary>Whether the runtime got as far as to start something.</summary>
    public bool HasRun => File.Exists(PidFile) && new FileInfo(PidFile).Length > 0;

    public string Output
    {
        get
        {
            lock (_output) return _output.ToString();
        }
    }

    public void WriteConfig(string text) => File.WriteAllText(Path.Combine(_folder.FullName, "config", "net-conf.json"), text);

    public void Start(params string[] command)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "config.json"), Spec(command).ToJsonString());
        string[] options = _runtime == "crun" ? ["--cgroup-manager=disabled"] : [];

        // Not by ip netns exec, which mounts a /sys of its own, without control groups.
        var start = new ProcessStartInfo(
            "nsenter",
            [
                $"--net={_host.Namespace.Path}",
                _runtime,
                "--root",
                Path.Combine(_folder.FullName, "state"),
                .. options,
                "run",
                "--bundle",
                _folder.FullName,
                "--pid-file",
                PidFile,
                _id,
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits for something as long as the container runs.</summary>
    public async Task<bool> WaitAsync(Func<bool> condition, TimeSpan limit)
    {
        long started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (_process!.HasExited || Stopwatch.GetElapsedTime(started) > limit) return false;
            await Task.Delay(10);
        }

        return true;
    }

    public int ReadProcessId() => int.Parse(File.ReadAllText(PidFile), CultureInfo.InvariantCulture);

    public async Task<int> WaitForExitAsync()
    {
        using var limit = new CancellationTokenSource(StopLimit);
        await _process!.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public Task<int> StopAsync()
    {
        ImageFixture.Run("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -TERM {ReadProcessId()}")]);
        return WaitForExitAsync();
    }

    public void Dispose()
    {
        if (_process is { HasExited: false } && HasRun)
            ImageFixture.Run("sh", ["-c", string.Create(CultureInfo.InvariantCulture, $"kill -KILL {ReadProcessId()}")]);
        if (_process?.WaitForExit(StopLimit) == false) _process.Kill();
        _process?.Dispose();
    }

    private string PidFile => Path.Combine(_folder.FullName, "pid");

    private JsonObject Spec(string[] command) => new()
    {
        ["ociVersion"] = "1.0.2",
        ["root"] = new JsonObject { ["path"] = _root, ["readonly"] = true },
        ["process"] = new JsonObject
        {
            ["terminal"] = false,
            ["user"] = new JsonObject { ["uid"] = 0, ["gid"] = 0 },
            ["args"] = ToArray(command),
            ["env"] = ToArray("PATH=/usr/sbin:/usr/bin"),
            ["cwd"] = "/",
            ["noNewPrivileges"] = true,
            ["capabilities"] = new JsonObject
            {
                ["bounding"] = ToArray(_capabilities),
                ["effective"] = ToArray(_capabilities),
                ["permitted"] = ToArray(_capabilities),
            },
        },
        ["mounts"] = new JsonArray(
            Mount("/proc", "proc", "proc"),
            Mount("/dev", "tmpfs", "tmpfs", "nosuid", "mode=755"),
            Mount("/sys", "none", "/sys", "rbind", "ro"),
            Mount("/run/flannel", "none", Path.Combine(_folder.FullName, "run"), "bind", "rw"),
            Mount("/etc/kube-flannel", "none", Path.Combine(_folder.FullName, "config"), "bind", "ro")),
        ["linux"] = new JsonObject
        {
            ["namespaces"] = new JsonArray(
                [.. new[] { "pid", "mount", "ipc", "uts" }.Select(static kind => (JsonNode)new JsonObject { ["type"] = kind })]),
            ["readonlyPaths"] = ToArray("/proc/sys"),
        },
    };

    private static JsonObject Mount(string to, string type, string from, params string[] options) =>
        new() { ["destination"] = to, ["type"] = type, ["source"] = from, ["options"] = ToArray(options) };

    private static JsonArray ToArray(params string[] texts) => [.. texts.Select(static text => (JsonNode)text)];

    private void Append(string? line)
    {
        if (line is null) return;
        lock (_output) _output.Append(line).Append('\n');
    }
}
