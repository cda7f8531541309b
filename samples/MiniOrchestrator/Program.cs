using Flannel.Cni;

// MiniOrchestrator /etc/cni/net.d/10-flannel.conflist /opt/cni/bin:/usr/lib/cni /var/lib/cni /run/netns/a /run/netns/b
if (args is not [var file, var plugins, var cache, .. { Length: > 0 } namespaces])
{
    Console.Error.WriteLine("usage: MiniOrchestrator NETWORK-LIST PLUGIN-FOLDERS CACHE-FOLDER NETWORK-NAMESPACE...");
    return 2;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true; // what is attached is detached all the same
    stop.Cancel();
};

var runner = new CniRunner(new CniRunnerOptions { PluginFolders = plugins.Split(':'), CacheFolder = cache });
List<CniAttachment> attached = [];
CniNetworkList? list = null;
try
{
    list = CniNetworkList.Load(file);
    await runner.ValidateAsync(list, stop.Token);
    await runner.CollectGarbageAsync(list, valid: [], stop.Token); // of an earlier run that was killed

    foreach (string path in namespaces)
    {
        var container = new CniAttachment($"mini-{Path.GetFileName(path)}", path);
        CniResult result = await runner.AddAsync(list, container, stop.Token);
        attached.Add(container);
        Console.WriteLine(
            $"{container.ContainerId}: {string.Join(" ", result.Addresses.Select(address => $"{address.Address}/{address.PrefixLength}"))}");
    }

    return 0;
}
catch (CniException exception)
{
    Console.Error.WriteLine($"error {(int)exception.Code}: {exception.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
finally
{
    foreach (CniAttachment container in attached)
    {
        try
        {
            await runner.DeleteAsync(list!, container);
            Console.WriteLine($"{container.ContainerId}: detached");
        }
        catch (CniException exception)
        {
            Console.Error.WriteLine($"{container.ContainerId} is not detached: {exception.Message}");
        }
    }
}
