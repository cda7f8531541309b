using System.Text.Json.Nodes;
using Flannel.Cni.Json;
using Flannel.Cni.Plugins;

namespace Flannel.Cni;

/// <summary>What is asked of a network and of plugins, not of one attachment.</summary>
public sealed partial class CniRunner
{
    /// <summary>
    /// Cleans up after attachments that are no more: each cached one that is not valid is detached, then every plugin is told which are valid. Goes
    /// on after a failure. Does nothing if the list disables it.
    /// </summary>
    /// <param name="list">The network. Plugins are told if it speaks 1.1.0 or later.</param>
    /// <param name="valid">All attachments of the network that exist, those included that are being made.</param>
    /// <param name="cancellationToken">Kills the plugin that runs.</param>
    /// <exception cref="CniException">Something failed: the first failure; the message counts the others.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task CollectGarbageAsync(
        CniNetworkList list, IReadOnlyCollection<CniAttachmentKey> valid, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(valid);
        cancellationToken.ThrowIfCancellationRequested();
        if (list.DisableGC) return;
        List<CniException> failures = [];
        HashSet<CniAttachmentKey> kept = [.. valid];
        foreach (CniCachedAttachment cached in _cache.ReadAll(list.Name).Where(cached => !kept.Contains(cached.Attachment.Key)))
            await TryAsync(() => DeleteAsync(list, cached.Attachment, cancellationToken), failures).ConfigureAwait(false);

        if (Has(list, "GC"))
        {
            foreach (CniPluginConfig plugin in list.Plugins)
            {
                JsonObject config = ConfigOf(list, plugin, null, null);
                config["cni.dev/valid-attachments"] = ArrayOf(kept);
                config["cni.dev/attachments"] = ArrayOf(kept); // what the specification's text said at first, and plugins read
                var call = new PluginCall(plugin.Type, "GC");
                await TryAsync(
                    () => RunAsync(call, call.Find(_options.PluginFolders), config, null, cancellationToken), failures).ConfigureAwait(false);
            }
        }

        if (failures.Count == 1) throw failures[0];
        if (failures.Count > 1)
        {
            throw new CniException(
                failures[0].Code,
                $"{failures[0].Message} So did {failures.Count - 1} more: {string.Join(" ", failures.Skip(1).Select(static one => one.Message))}",
                innerException: failures[0]);
        }
    }

    /// <summary>Asks every plugin in order whether it can attach containers. Does nothing before version 1.1.0, which brought it.</summary>
    /// <param name="list">The network.</param>
    /// <param name="cancellationToken">Kills the plugin that runs.</param>
    /// <exception cref="CniPluginException">
    /// A plugin cannot: <see cref="CniErrorCode.NotAvailable"/>, or <see cref="CniErrorCode.LimitedConnectivity"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task GetStatusAsync(CniNetworkList list, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(list);
        cancellationToken.ThrowIfCancellationRequested();
        if (!Has(list, "STATUS")) return;
        foreach (CniPluginConfig plugin in list.Plugins)
        {
            var call = new PluginCall(plugin.Type, "STATUS");
            await RunAsync(
                call, call.Find(_options.PluginFolders), ConfigOf(list, plugin, null, null), null, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The versions of CNI that a plugin speaks.</summary>
    /// <param name="type">The plugin.</param>
    /// <param name="cancellationToken">Kills it.</param>
    /// <returns>The versions; 0.1.0 alone for plugins from before VERSION.</returns>
    /// <exception cref="CniPluginException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task<IReadOnlyList<string>> GetVersionsAsync(string type, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        cancellationToken.ThrowIfCancellationRequested();
        var call = new PluginCall(type, "VERSION");
        string path = call.Find(_options.PluginFolders);
        try
        {
            (ReadOnlyMemory<byte> output, _) = await RunAsync(
                call, path, new JsonObject { ["cniVersion"] = CniVersions.Latest }, null, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<string> versions = new JsonMembers(JsonText.ParseObject(output.Span, "The answer"), "", CniErrorCode.DecodingFailure)
                .Texts("supportedVersions");
            return versions.Count > 0 ? versions : throw new CniException(CniErrorCode.DecodingFailure, "The answer names no supportedVersions.");
        }
        catch (CniPluginException exception) when (exception.Reason.Contains("unknown CNI_COMMAND: VERSION", StringComparison.Ordinal))
        {
            return [CniVersions.Implicit];
        }
        catch (CniException exception) when (exception is not CniPluginException)
        {
            throw new CniPluginException(type, "VERSION", CniPluginFailure.BadOutput, exception.Code, exception.Message, innerException: exception);
        }
    }

    /// <summary>Checks before anything is attached that every plugin of a network is there and speaks its version.</summary>
    /// <param name="list">The network.</param>
    /// <param name="cancellationToken">Kills the plugin that runs.</param>
    /// <exception cref="CniPluginException">
    /// A plugin is missing, fails, or does not speak the version (<see cref="CniErrorCode.IncompatibleVersion"/>).
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public async Task ValidateAsync(CniNetworkList list, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(list);
        foreach (string type in list.Plugins.Select(static plugin => plugin.Type).Distinct())
        {
            IReadOnlyList<string> versions = await GetVersionsAsync(type, cancellationToken).ConfigureAwait(false);
            if (!versions.Contains(list.CniVersion))
            {
                throw new CniPluginException(
                    type, "VERSION", CniPluginFailure.Reported, CniErrorCode.IncompatibleVersion,
                    $"it speaks CNI {string.Join(", ", versions)}, and the network '{list.Name}' is of {list.CniVersion}.");
            }
        }
    }

    private static async Task TryAsync(Func<Task> action, List<CniException> failures)
    {
        try
        {
            await action().ConfigureAwait(false);
        }
        catch (CniException exception)
        {
            failures.Add(exception);
        }
    }

    private static JsonArray ArrayOf(IEnumerable<CniAttachmentKey> keys) =>
        new([.. keys.Select(static key => new JsonObject { ["containerID"] = key.ContainerId, ["ifname"] = key.InterfaceName })]);
}
