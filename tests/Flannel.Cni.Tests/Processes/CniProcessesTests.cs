using System.Diagnostics;
using System.Globalization;
using System.Text;
using Flannel.Lab.Cni;
using Flannel.Lab.Files;

namespace Flannel.Cni.Tests.Processes;

public sealed class CniProcessesTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly ScriptedPlugins _plugins = new();

    public void Dispose() => _plugins.Dispose();

    [Fact]
    public async Task Exit_OutputAndErrors_AreReturned()
    {
        CniProcessResult result = await RunAsync("echo out; echo err >&2; exit 3");
        Assert.Equal(
            (CniProcessEnding.Exited, 3, "out\n", "err"),
            (result.Ending, result.Code, Encoding.UTF8.GetString(result.Output.Span), result.ErrorText));
    }

    [Fact]
    public async Task Namespace_ThatIsAPipe_IsATypedErrorAndNotWaitedFor()
    {
        string path = NamedPipe.Make(Path.Combine(_plugins.Root, "netns"));
        var start = new CniProcessStart(Write("p", "exit 0"), Environment(), "{}"u8.ToArray());

        CniException error = await Assert.ThrowsAsync<CniException>(
            () => new CniProcesses(Long, networkNamespace: path).RunAsync(start, CancellationToken.None).WaitAsync(Long));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signal_IsReported() =>
        Assert.Equal((CniProcessEnding.Signalled, 11), await EndingAsync("kill -SEGV $$"));

    [Fact]
    public async Task Hanging_IsKilledWithItsGroup()
    {
        CniProcessResult result = await RunAsync(
            "sleep 1000 & echo $! >\"$OUT\"; echo $$ >>\"$OUT\"; echo said >&2; wait", TimeSpan.FromSeconds(5));

        Assert.Equal((CniProcessEnding.TimedOut, "said"), (result.Ending, result.ErrorText));
        await AssertGoneAsync();
    }

    [Fact]
    public async Task Cancelled_IsKilledWithItsGroup()
    {
        using var cancellation = new CancellationTokenSource();
        Task<CniProcessResult> running = RunAsync(
            "sleep 1000 & echo $! >\"$OUT.new\"; echo $$ >>\"$OUT.new\"; mv \"$OUT.new\" \"$OUT\"; wait",
            Long,
            cancellationToken: cancellation.Token);
        while (!File.Exists(OutPath) && !running.IsCompleted) await Task.Delay(5);
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await AssertGoneAsync();
    }

    [Fact]
    public async Task Megabytes_AreRefusedAndEnd() => Assert.Equal(CniProcessEnding.OutputTooLong, (await EndingAsync("yes")).Item1);

    [Fact]
    public async Task MegabytesOfErrors_AreReadAndCut()
    {
        CniProcessResult result = await RunAsync("head -c 4000000 /dev/zero | tr '\\0' x >&2");
        Assert.Equal((CniProcessEnding.Exited, 0, 64 * 1024), (result.Ending, result.Code, result.Errors.Length));
    }

    [Fact]
    public async Task ChildrenThatKeepThePipe_AreNotWaitedFor()
    {
        CniProcessResult result = await RunAsync("echo done; sleep 1000 & echo $! >\"$OUT\"");
        Assert.Equal("done\n", Encoding.UTF8.GetString(result.Output.Span));
        foreach (string id in await File.ReadAllLinesAsync(OutPath)) Process.GetProcessById(int.Parse(id, CultureInfo.InvariantCulture)).Kill();
    }

    [Fact]
    public async Task Input_LargerThanAPipe_NeedsNoReader()
    {
        byte[] input = new byte[1_000_000];
        Array.Fill(input, (byte)'x');
        _plugins.Add("p", "exit 0");
        string path = Path.Combine(_plugins.Folder, "p");
        File.WriteAllText(path, "#!/bin/sh\nexit 0\n");
        Assert.Equal(0, (await new CniProcesses(Long).RunAsync(new CniProcessStart(path, Environment(), input), CancellationToken.None)).Code);
        File.WriteAllText(path, "#!/bin/sh\nwc -c\n");
        Assert.Equal(
            "1000000",
            Encoding.UTF8.GetString(
                (await new CniProcesses(Long).RunAsync(new CniProcessStart(path, Environment(), input), CancellationToken.None)).Output.Span).Trim());
    }

    [Fact]
    public async Task Inheritance_IsThreeDescriptorsAndTheGivenEnvironment()
    {
        using var open = new FileStream("/dev/null", FileMode.Open);
        CniProcessResult result = await RunAsync(
            "cd /proc/$$/fd; echo *; while read line; do case $line in Sig*) echo $line;; esac; done </proc/$$/status; env | sed 's/=.*//' | sort " +
            "| tr '\\n' ' '");
        string said = Encoding.UTF8.GetString(result.Output.Span);

        Assert.StartsWith("0 1 10 2 3\n", said, StringComparison.Ordinal); // 10 and 3 are the shell's own: its script, this folder
        Assert.Contains("SigBlk: 0000000000000000", said, StringComparison.Ordinal);
        Assert.Matches("SigIgn: [0-9a-f]{12}[0-9a-f][0-7][0-9a-f]{2}", said); // not SIGPIPE, which .NET ignores
        Assert.EndsWith("OLDPWD OUT PATH PWD ", said, StringComparison.Ordinal); // OLDPWD and PWD are the shell's own
    }

    [Fact]
    public async Task Missing_IsATypedError()
    {
        CniException exception = await Assert.ThrowsAsync<CniException>(
            () => new CniProcesses(Long).RunAsync(new CniProcessStart("/nowhere/p", Environment(), default), CancellationToken.None));
        Assert.Equal(CniErrorCode.IoFailure, exception.Code);
        Assert.Contains("/nowhere/p", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hundred_AtOnce_LeaveNoZombieAndNoDescriptor()
    {
        await RunAsync("exit 0");
        int before = Directory.GetFiles("/proc/self/fd").Length;
        for (int index = 0; index < 100; index++) Write($"p{index}", $"exit {index}");
        CniProcessResult[] results = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(index => RunFileAsync(Path.Combine(_plugins.Folder, $"p{index}"), Long, CancellationToken.None)));

        Assert.Equal(Enumerable.Range(0, 100), results.Select(result => result.Code));
        Assert.Empty(Zombies());
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 8); // the test host opens files, too
    }

    private static IEnumerable<string> Zombies() => Directory.EnumerateDirectories("/proc/self/task").SelectMany(
        static task => ReadIfThere(Path.Combine(task, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(IsZombie);

    private static bool IsZombie(string id) => ReadIfThere($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    // A thread or a process may end while its file is read. The children of a thread that ended are another one's.
    private static string ReadIfThere(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }

    private string OutPath => Path.Combine(_plugins.Root, "out");

    private Dictionary<string, string> Environment() => new() { ["PATH"] = "/usr/bin:/bin", ["OUT"] = OutPath };

    private async Task<(CniProcessEnding, int)> EndingAsync(string body)
    {
        CniProcessResult result = await RunAsync(body);
        return (result.Ending, result.Code);
    }

    private Task<CniProcessResult> RunAsync(string body, TimeSpan? limit = null, CancellationToken cancellationToken = default) =>
        RunFileAsync(Write("p", body), limit ?? Long, cancellationToken);

    private Task<CniProcessResult> RunFileAsync(string path, TimeSpan limit, CancellationToken cancellationToken) =>
        new CniProcesses(limit).RunAsync(new CniProcessStart(path, Environment(), "{}"u8.ToArray()), cancellationToken);

    private string Write(string name, string body)
    {
        string path = Path.Combine(_plugins.Folder, name);
        _plugins.Add(name, "");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        return path;
    }

    // The group's own leader is waited for; init, or whoever takes its place, waits for the others.
    private async Task AssertGoneAsync()
    {
        foreach (string id in await File.ReadAllLinesAsync(OutPath))
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (Directory.Exists($"/proc/{id}") && !IsZombie(id)) await Task.Delay(5, limit.Token);
        }
    }
}
