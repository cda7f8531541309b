using System.Text.Json.Nodes;
using Flannel.Cni.Json;
using Flannel.Cni.Plugins;

namespace Flannel.Cni;

/// <summary>What a runtime says to a plugin, checked.</summary>
public sealed class CniRequest
{
    // The runtime ends this process, and with it the delegate, when it has waited long enough; this is for runtimes that wait for ever.
    private static readonly TimeSpan DelegateLimit = TimeSpan.FromMinutes(5);

    private readonly IReadOnlyDictionary<string, string> _environment;

    internal CniRequest(string command, IReadOnlyDictionary<string, string> environment, JsonObject config)
    {
        _environment = environment;
        Command = command;
        Config = config;
    }

    /// <summary>ADD, DEL, CHECK, GC or STATUS.</summary>
    public string Command { get; }

    /// <summary>The configuration, with what the runtime put into it. It may be changed.</summary>
    public JsonObject Config { get; }

    /// <summary>The version of CNI to answer in.</summary>
    public string CniVersion { get; internal init; } = CniVersions.Implicit;

    /// <summary>The name of the network.</summary>
    public string NetworkName { get; internal init; } = "";

    /// <summary>The container; empty for GC and STATUS.</summary>
    public string ContainerId { get; internal init; } = "";

    /// <summary>The path of its network namespace; empty for GC and STATUS, and where a DEL comes after the namespace is gone.</summary>
    public string NetworkNamespace { get; internal init; } = "";

    /// <summary>The interface in the container; empty for GC and STATUS.</summary>
    public string InterfaceName { get; internal init; } = "";

    /// <summary>The arguments of <c>CNI_ARGS</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Arguments { get; internal init; } = [];

    /// <summary>The folders of <c>CNI_PATH</c>.</summary>
    public IReadOnlyList<string> PluginFolders { get; internal init; } = [];

    /// <summary>The result of the plugin before, or the cached result; <see langword="null"/> for none.</summary>
    public CniResult? PreviousResult { get; internal init; }

    /// <summary>The attachments that exist (GC); empty for other commands.</summary>
    public IReadOnlyCollection<CniAttachmentKey> ValidAttachments { get; internal init; } = [];

    /// <summary>
    /// Runs another plugin for this request, with its environment and another configuration: the delegate that does the work, or one for addresses.
    /// </summary>
    /// <param name="type">The plugin.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <returns>The result of an ADD; <see langword="null"/> for other commands.</returns>
    /// <exception cref="CniPluginException">It is missing or failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<CniResult?> RunDelegateAsync(string type, JsonObject config, CancellationToken cancellationToken = default) =>
        RunDelegateAsync(type, config, Command, null, cancellationToken);

    /// <summary>Runs another plugin with another command: a DEL of what an ADD began, or of what GC found.</summary>
    /// <param name="type">The plugin.</param>
    /// <param name="config">Its configuration.</param>
    /// <param name="command">The command, such as DEL.</param>
    /// <param name="attachment">The attachment it is about; <see langword="null"/> for the request's.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <returns>The result of an ADD; <see langword="null"/> for other commands.</returns>
    /// <exception cref="CniPluginException">It is missing or failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<CniResult?> RunDelegateAsync(
        string type, JsonObject config, string command, CniAttachmentKey? attachment = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(command);
        var call = new PluginCall(type, command);
        string path = call.Find(PluginFolders);
        Dictionary<string, string> environment = new(_environment, StringComparer.Ordinal) { ["CNI_COMMAND"] = call.Command };
        if (attachment is { } other)
        {
            environment["CNI_CONTAINERID"] = other.ContainerId;
            environment["CNI_IFNAME"] = other.InterfaceName;
            environment["CNI_NETNS"] = "";
            environment.Remove("CNI_ARGS");
        }

        CniProcessResult ended;
        try
        {
            // On this thread: a plugin does one thing. In this process group: the delegate ends when the runtime kills it.
            ended = new CniProcesses(DelegateLimit)
                .Run(new CniProcessStart(path, environment, JsonText.ToBytes(config)), ownGroup: false, cancellationToken);
        }
        catch (CniException exception)
        {
            throw call.NotStarted(exception);
        }

        ReadOnlyMemory<byte> output = call.OutputOf(ended, DelegateLimit);
        return Task.FromResult(call.Command == "ADD" ? call.ReadResult(output, CniVersion, ended.ErrorText) : null);
    }
}
