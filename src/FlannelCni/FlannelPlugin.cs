using System.Text.Json.Nodes;
using Flannel.Cni;
using FlannelCni.Delegates;
using FlannelCni.Subnets;

namespace FlannelCni;

/// <summary>
/// flannel's CNI plugin: turns the subnet file into the configuration of another plugin, and lets that do the work. Unlike flannel's it keeps the
/// stored configuration when the delegate's DEL fails, so that the runtime's next DEL works; it has CHECK, STATUS and GC, and writes no configuration
/// to its standard error.
/// </summary>
internal sealed class FlannelPlugin : CniPlugin
{
    public override string About => "flannel's CNI plugin by Flannel for .NET";

    public override async Task<CniResult> AddAsync(CniRequest request, CancellationToken cancellationToken)
    {
        JsonObject config = DelegateConfig.Build(request.Config, request.NetworkName, ReadSubnet(request, CniErrorCode.TryAgainLater));
        StoresOf(request).Write(new CniAttachmentKey(request.ContainerId, request.InterfaceName), config);
        return (await request.RunDelegateAsync(TypeOf(config), config, cancellationToken))!;
    }

    public override async Task DeleteAsync(CniRequest request, CancellationToken cancellationToken)
    {
        StoredConfigs configs = StoresOf(request);
        if (configs.Read(request.ContainerId) is { } stored)
        {
            AddPrevious(request, stored.Config);
            await request.RunDelegateAsync(TypeOf(stored.Config), stored.Config, cancellationToken);
        }

        configs.Remove(request.ContainerId);
    }

    public override async Task CheckAsync(CniRequest request, CancellationToken cancellationToken)
    {
        if (StoresOf(request).Read(request.ContainerId) is not { } stored)
        {
            throw new CniException(
                CniErrorCode.UnknownContainer, $"Nothing is stored of the container '{request.ContainerId}': it was never attached, or is detached.");
        }

        AddPrevious(request, stored.Config);
        NameGateways(request.PreviousResult, stored.Config);
        await request.RunDelegateAsync(TypeOf(stored.Config), stored.Config, cancellationToken);
    }

    public override async Task GetStatusAsync(CniRequest request, CancellationToken cancellationToken)
    {
        JsonObject config = DelegateConfig.Build(request.Config, request.NetworkName, ReadSubnet(request, CniErrorCode.NotAvailable));
        await request.RunDelegateAsync(TypeOf(config), config, cancellationToken);
    }

    public override async Task CollectGarbageAsync(CniRequest request, CancellationToken cancellationToken)
    {
        StoredConfigs configs = StoresOf(request);
        HashSet<string> valid = [.. request.ValidAttachments.Select(static key => key.ContainerId)];
        CniException? first = null;
        foreach (string container in configs.ContainersOf(request.NetworkName).Where(container => !valid.Contains(container)))
        {
            try
            {
                if (configs.Read(container) is not { } stored) continue;
                await request.RunDelegateAsync(
                    TypeOf(stored.Config), stored.Config, "DEL", new CniAttachmentKey(container, stored.InterfaceName), cancellationToken);
                configs.Remove(container);
            }
            catch (CniException exception)
            {
                first ??= exception; // its file stays for the next time
            }
        }

        await CollectDelegatesGarbageAsync(request, cancellationToken);
        if (first is not null) throw first;
    }

    // What the delegate has beside the attachments that are stored here, such as addresses.
    private static async Task CollectDelegatesGarbageAsync(CniRequest request, CancellationToken cancellationToken)
    {
        JsonObject config = DelegateConfig.Build(request.Config, request.NetworkName, ReadSubnet(request, CniErrorCode.TryAgainLater));
        foreach (string name in new[] { "cni.dev/valid-attachments", "cni.dev/attachments" })
        {
            if (request.Config[name] is { } attachments) config[name] = attachments.DeepClone();
        }

        await request.RunDelegateAsync(TypeOf(config), config, cancellationToken);
    }

    private static void AddPrevious(CniRequest request, JsonObject config)
    {
        if (request.Config["prevResult"] is { } previous) config["prevResult"] = previous.DeepClone();
    }

    // A route without a gateway goes through that of the address. bridge makes it so, but its CHECK (1.1.1) looks for one without.
    private static void NameGateways(CniResult? previous, JsonObject config)
    {
        if (config["prevResult"]?["routes"] is not JsonArray routes) return;
        foreach ((CniRoute route, JsonNode? written) in previous!.Routes.Zip(routes))
        {
            CniAddress? address = previous.Addresses.FirstOrDefault(
                address => address.Gateway?.AddressFamily == route.Destination.BaseAddress.AddressFamily);
            if (route.Gateway is null && address is not null) written!["gw"] = address.Gateway!.ToString();
        }
    }

    private static SubnetEnv ReadSubnet(CniRequest request, CniErrorCode code) =>
        SubnetEnv.Read(TextOf(request, "subnetFile") ?? SubnetEnv.DefaultPath, code);

    private static StoredConfigs StoresOf(CniRequest request) => new(TextOf(request, "dataDir") ?? StoredConfigs.DefaultFolder);

    private static string TypeOf(JsonObject config) => (string)config["type"]!;

    private static string? TextOf(CniRequest request, string name) => request.Config[name] switch
    {
        null => null,
        JsonValue value when value.TryGetValue(out string? text) => text.Length > 0 ? text : null,
        _ => throw new CniException(CniErrorCode.InvalidConfiguration, $"'{name}' is no text."),
    };
}
