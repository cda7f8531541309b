using System.Text.Json.Nodes;
using Flannel.Cni.Cache;
using Flannel.Cni.Json;
using Flannel.Cni.Plugins;

namespace Flannel.Cni;

/// <summary>
/// Attaches containers to networks by chains of plugins, as the specification's section 3 and libcni do: ADD in order, each plugin with the result of
/// the one before; DEL in reverse, with the cached result; a failed ADD is undone.
/// </summary>
/// <remarks>
/// Thread-safe. Calls that change one attachment must not overlap, which the specification asks of runtimes: the second one is refused
/// (<see cref="CniErrorCode.TryAgainLater"/>). What other processes do is not seen.
/// </remarks>
public sealed partial class CniRunner
{
    private readonly CniRunnerOptions _options;
    private readonly ICniProcesses _processes;
    private readonly ResultCache _cache;
    private readonly HashSet<(string Network, CniAttachmentKey Key)> _busy = [];

    /// <summary>Makes one.</summary>
    /// <param name="options">Where and how long; <see langword="null"/> for the defaults.</param>
    /// <param name="processes">Starts plugins; <see langword="null"/> for <see cref="CniProcesses"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time limit is out of its range.</exception>
    public CniRunner(CniRunnerOptions? options = null, ICniProcesses? processes = null)
    {
        _options = options ?? new CniRunnerOptions();
        _processes = processes ?? new CniProcesses(_options.TimeLimit, networkNamespace: _options.NetworkNamespace);
        _cache = new ResultCache(_options.CacheFolder);
    }

    /// <summary>Attaches a container.</summary>
    /// <param name="list">The network.</param>
    /// <param name="attachment">The container.</param>
    /// <param name="cancellationToken">Kills the plugin that runs; what was done is undone before the call ends.</param>
    /// <returns>The last plugin's result, in the list's version. It is cached.</returns>
    /// <exception cref="CniPluginException">
    /// A plugin failed; what was done is undone by DEL of the whole list, unless the cache has the attachment from an earlier ADD.
    /// </exception>
    /// <exception cref="CniException">An argument is invalid, or the result could not be cached.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<CniResult> AddAsync(CniNetworkList list, CniAttachment attachment, CancellationToken cancellationToken = default)
    {
        Validate(list, attachment, needsNamespace: true);
        cancellationToken.ThrowIfCancellationRequested();
        using Claimed claim = Claim(list, attachment);
        bool wasAttached = _cache.Has(list.Name, attachment.Key);
        // nothing to undo if one is missing
        string[] paths = [.. list.Plugins.Select(plugin => new PluginCall(plugin.Type, "ADD").Find(_options.PluginFolders))];
        try
        {
            JsonObject? previous = null;
            CniResult? result = null;
            foreach ((CniPluginConfig plugin, string path) in list.Plugins.Zip(paths))
            {
                var call = new PluginCall(plugin.Type, "ADD");
                (ReadOnlyMemory<byte> output, string errors) = await RunAsync(
                    call, path, ConfigOf(list, plugin, attachment, previous), attachment, cancellationToken).ConfigureAwait(false);
                result = call.ReadResult(output, list.CniVersion, errors).ConvertTo(list.CniVersion);
                previous = result.ToJson();
            }

            _cache.Write(list, attachment, result!);
            return result!;
        }
        catch (Exception exception) when (exception is CniException or OperationCanceledException)
        {
            // A second ADD, which plugins refuse, must not take the network from a container that has it. DEL and GC still know of it.
            CniException? left = wasAttached ? null : await UndoAsync(list, attachment).ConfigureAwait(false);
            if (exception is CniPluginException failure) failure.CleanUpFailure = left;
            throw;
        }
    }

    /// <summary>Detaches a container. It is no error if there is nothing left to detach.</summary>
    /// <param name="list">The network.</param>
    /// <param name="attachment">The container; its namespace may be gone.</param>
    /// <param name="cancellationToken">Kills the plugin that runs; the same call may be made again.</param>
    /// <exception cref="CniPluginException">
    /// A plugin failed, and those before it in the list were not called. The result stays cached; try again.
    /// </exception>
    /// <exception cref="CniException">An argument is invalid, or the cache cannot be written to.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task DeleteAsync(CniNetworkList list, CniAttachment attachment, CancellationToken cancellationToken = default)
    {
        Validate(list, attachment, needsNamespace: false);
        cancellationToken.ThrowIfCancellationRequested();
        using Claimed claim = Claim(list, attachment);
        await DeletePluginsAsync(list, attachment, cancellationToken).ConfigureAwait(false);
        _cache.Remove(list.Name, attachment.Key);
    }

    /// <summary>Asks every plugin in order whether an attachment is as its ADD left it. Does nothing if the list disables it.</summary>
    /// <param name="list">The network, of version 0.4.0 or later.</param>
    /// <param name="attachment">The container.</param>
    /// <param name="cancellationToken">Kills the plugin that runs.</param>
    /// <exception cref="CniPluginException">A plugin says that it is not.</exception>
    /// <exception cref="CniException">
    /// The version has no CHECK (<see cref="CniErrorCode.IncompatibleVersion"/>), or there is no such attachment
    /// (<see cref="CniErrorCode.UnknownContainer"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task CheckAsync(CniNetworkList list, CniAttachment attachment, CancellationToken cancellationToken = default)
    {
        Validate(list, attachment, needsNamespace: true);
        cancellationToken.ThrowIfCancellationRequested();
        if (!Has(list, "CHECK"))
        {
            throw new CniException(
                CniErrorCode.IncompatibleVersion,
                $"CNI has CHECK since {CniVersions.SinceOf("CHECK")}, and the network '{list.Name}' speaks {list.CniVersion}.");
        }

        if (list.DisableCheck) return;
        if (_cache.Read(list.Name, attachment.Key)?.Result is not { } cached)
        {
            throw new CniException(
                CniErrorCode.UnknownContainer,
                $"Nothing is known of an attachment of '{attachment.ContainerId}' by {attachment.InterfaceName} to '{list.Name}'; attach it, or " +
                "name the folder that its result is cached in.");
        }

        JsonObject previous = cached.ConvertTo(list.CniVersion).ToJson();
        foreach (CniPluginConfig plugin in list.Plugins)
        {
            var call = new PluginCall(plugin.Type, "CHECK");
            await RunAsync(
                call,
                call.Find(_options.PluginFolders),
                ConfigOf(list, plugin, attachment, previous),
                attachment,
                cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What is attached, as the cache has it.</summary>
    /// <param name="network">The name of the network; <see langword="null"/> for all.</param>
    /// <exception cref="CniException">The cache cannot be read.</exception>
    public IReadOnlyList<CniCachedAttachment> GetAttachments(string? network = null) => _cache.ReadAll(network);

    private async Task DeletePluginsAsync(CniNetworkList list, CniAttachment attachment, CancellationToken cancellationToken)
    {
        JsonObject? previous = Has(list, "CHECK") && _cache.Read(list.Name, attachment.Key)?.Result is { } cached // one version brought both
            ? cached.ConvertTo(list.CniVersion).ToJson()
            : null;
        foreach (CniPluginConfig plugin in list.Plugins.Reverse())
        {
            var call = new PluginCall(plugin.Type, "DEL");
            await RunAsync(
                call,
                call.Find(_options.PluginFolders),
                ConfigOf(list, plugin, attachment, previous),
                attachment,
                cancellationToken).ConfigureAwait(false);
        }
    }

    // Whoever gave up waits for this: each plugin has its limit.
    private async Task<CniException?> UndoAsync(CniNetworkList list, CniAttachment attachment)
    {
        CniException? first = null;
        foreach (CniPluginConfig plugin in list.Plugins.Reverse())
        {
            try
            {
                var call = new PluginCall(plugin.Type, "DEL");
                await RunAsync(
                    call,
                    call.Find(_options.PluginFolders),
                    ConfigOf(list, plugin, attachment, null),
                    attachment,
                    CancellationToken.None).ConfigureAwait(false);
            }
            catch (CniException exception)
            {
                first ??= exception;
            }
        }

        return first;
    }

    private async Task<(ReadOnlyMemory<byte> Output, string Errors)> RunAsync(
        PluginCall call, string path, JsonObject config, CniAttachment? attachment, CancellationToken cancellationToken)
    {
        Dictionary<string, string> environment = new(_options.Environment, StringComparer.Ordinal)
        {
            ["CNI_COMMAND"] = call.Command,
            ["CNI_PATH"] = string.Join(':', _options.PluginFolders),
        };
        if (attachment is not null)
        {
            environment["CNI_CONTAINERID"] = attachment.ContainerId;
            environment["CNI_NETNS"] = attachment.NetworkNamespace;
            environment["CNI_IFNAME"] = attachment.InterfaceName;
            environment["CNI_ARGS"] = string.Join(';', attachment.Arguments.Select(static argument => $"{argument.Key}={argument.Value}"));
        }

        CniProcessResult result;
        try
        {
            result = await _processes.RunAsync(
                new CniProcessStart(path, environment, JsonText.ToBytes(config)), cancellationToken).ConfigureAwait(false);
        }
        catch (CniException exception)
        {
            throw call.NotStarted(exception);
        }

        return (call.OutputOf(result, _options.TimeLimit), result.ErrorText);
    }

    private static JsonObject ConfigOf(CniNetworkList list, CniPluginConfig plugin, CniAttachment? attachment, JsonObject? previous)
    {
        var config = (JsonObject)plugin.Json.DeepClone();
        config["name"] = list.Name;
        config["cniVersion"] = list.CniVersion;
        config.Remove("capabilities");
        config.Remove("cniVersions");
        config.Remove("prevResult");
        if (previous is not null) config["prevResult"] = previous.DeepClone();
        config.Remove("runtimeConfig");
        var wanted = new JsonObject(
            (attachment?.Capabilities ?? []).Where(given => plugin.Capabilities.Contains(given.Key))
                .Select(static given => KeyValuePair.Create(given.Key, given.Value?.DeepClone())));
        if (wanted.Count > 0) config["runtimeConfig"] = wanted;
        return config;
    }

    private Claimed Claim(CniNetworkList list, CniAttachment attachment)
    {
        lock (_busy)
        {
            return _busy.Add((list.Name, attachment.Key)) ? new Claimed(this, (list.Name, attachment.Key)) : throw new CniException(
                CniErrorCode.TryAgainLater, $"'{attachment.ContainerId}' is being attached to '{list.Name}' by {attachment.InterfaceName}, or " +
                    "detached, by another call; wait for its end.");
        }
    }

    private static bool Has(CniNetworkList list, string command) => CniVersions.IsAtLeast(list.CniVersion, CniVersions.SinceOf(command));

    private static void Validate(CniNetworkList list, CniAttachment attachment, bool needsNamespace)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(attachment);
        if (!CniNames.IsName(attachment.ContainerId))
            throw Refused($"'{attachment.ContainerId}' is no container id: a letter or digit, then letters, digits, '_', '.' and '-'.");
        if (!CniNames.IsInterfaceName(attachment.InterfaceName))
            throw Refused($"'{attachment.InterfaceName}' is no name of an interface: 1 to 15 characters without '/', ':' and white space.");
        if (needsNamespace && string.IsNullOrEmpty(attachment.NetworkNamespace))
            throw Refused($"The container '{attachment.ContainerId}' has no path of a network namespace.");
        if (attachment.NetworkNamespace.Contains('\0', StringComparison.Ordinal))
            throw Refused("The path of the network namespace holds a zero character.");
        foreach ((string name, string value) in attachment.Arguments)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAny(';', '=', '\0') || value.AsSpan().ContainsAny(';', '=', '\0'))
                throw Refused($"The argument '{name}={value}' cannot travel in CNI_ARGS: names and values hold neither ';' nor '='.");
        }
    }

    private sealed class Claimed(CniRunner runner, (string Network, CniAttachmentKey Key) name) : IDisposable
    {
        public void Dispose()
        {
            lock (runner._busy) runner._busy.Remove(name);
        }
    }

    private static CniException Refused(string message) => new(CniErrorCode.InvalidEnvironment, message);
}
