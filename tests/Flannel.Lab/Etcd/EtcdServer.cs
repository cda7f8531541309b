using System.Diagnostics;
using Flannel.Lab.Processes;
using Xunit;

namespace Flannel.Lab.Etcd;

/// <summary>
/// A real etcd on loopback, of one or more members, with its data in a folder that goes when this is disposed. Where the programs are missing, tests
/// that start one are skipped; they must be <c>[SkippableFact]</c>.
/// </summary>
public sealed class EtcdServer : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flannel-etcd-");
    private readonly EtcdOptions _options;
    private readonly List<string> _login = [];

    private EtcdServer(EtcdOptions options)
    {
        _options = options;
        Members = [.. Enumerable.Range(1, options.Members).Select(number => new EtcdMember($"m{number}", _folder.FullName, options))];
    }

    public IReadOnlyList<EtcdMember> Members { get; }

    /// <summary>Where clients connect.</summary>
    public string[] Endpoints => [.. Members.Select(member => member.Endpoint)];

    private string InitialCluster => string.Join(',', Members.Select(member => $"{member.Name}={member.PeerUrl}"));

    /// <summary>Starts one and waits until it serves clients.</summary>
    public static async Task<EtcdServer> StartAsync(EtcdOptions? options = null)
    {
        FastLane.LeaveToFullRun();
        foreach (string program in (string[])["etcd", "etcdctl"])
            Skip.IfNot(IsOnPath(program), $"{program} is missing; Debian has it in the packages etcd-server and etcd-client");

        var server = new EtcdServer(options ?? new EtcdOptions());
        try
        {
            foreach (EtcdMember member in server.Members)
                member.Launch(server.InitialCluster);
            foreach (EtcdMember member in server.Members)
                await member.WaitUntilHealthyAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Kills a member if it runs, starts it with the data it has and waits until it serves clients.</summary>
    public async Task RestartAsync(EtcdMember member)
    {
        ArgumentNullException.ThrowIfNull(member);
        await member.KillAsync();
        member.Launch(InitialCluster);
        await member.WaitUntilHealthyAsync();
    }

    /// <summary>Kills the only member if it runs, starts it at the same place without its data and waits until it serves clients.</summary>
    public async Task RestartEmptyAsync()
    {
        EtcdMember member = Members.Single(); // one of several would get everything back from the others
        await member.KillAsync();
        member.Erase();
        member.Launch(InitialCluster);
        await member.WaitUntilHealthyAsync();
    }

    /// <summary>Kills every member.</summary>
    public async Task KillAllAsync()
    {
        foreach (EtcdMember member in Members)
            await member.KillAsync();
    }

    /// <summary>Starts every member with the data it has and waits until they serve clients.</summary>
    public async Task RestartAllAsync()
    {
        await KillAllAsync();
        foreach (EtcdMember member in Members)
            member.Launch(InitialCluster);
        foreach (EtcdMember member in Members)
            await member.WaitUntilHealthyAsync();
    }

    /// <summary>Adds a member that gets everything and has no vote; it cannot answer linearizable reads. The caller disposes it.</summary>
    public async Task<EtcdMember> AddLearnerAsync()
    {
        var learner = new EtcdMember("learner", _folder.FullName, _options);
        await RunAsync("member", "add", learner.Name, "--learner", $"--peer-urls={learner.PeerUrl}");
        learner.Launch($"{InitialCluster},{learner.Name}={learner.PeerUrl}", joins: true);
        return learner;
    }

    /// <summary>Runs etcdctl and returns what it prints.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        IEnumerable<string> tls = _options.Certificates is { } files
            ? [$"--cacert={files.Authority}", $"--cert={files.ClientCertificate}", $"--key={files.ClientKey}"]
            : [];
        string endpoints = string.Join(',', Members.Select(member => _options.Host is null ? member.Endpoint : member.LoopbackEndpoint));
        ProcessStartInfo start = _options.Start("etcdctl", [$"--endpoints={endpoints}", "--command-timeout=30s", .. tls, .. _login, .. arguments]);
        start.Environment["ETCDCTL_API"] = "3";
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? (await output).TrimEnd('\n')
            : throw new InvalidOperationException($"etcdctl {string.Join(' ', arguments)} ended with code {process.ExitCode}: {error}{await output}");
    }

    /// <summary>Demands users from now on: root with the password <c>root</c>, and whoever is added.</summary>
    public async Task EnableAuthenticationAsync()
    {
        await RunAsync("user", "add", "root:root");
        await RunAsync("user", "grant-role", "root", "root");
        await RunAsync("auth", "enable");
        _login.Add("--user=root:root");
    }

    /// <summary>The number of etcd leases there are.</summary>
    public async Task<int> CountLeasesAsync()
    {
        // 'found N leases', then one per line.
        string first = (await RunAsync("lease", "list")).Split('\n')[0];
        return int.Parse(first.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (EtcdMember member in Members)
            await member.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}
