namespace Flannel.Core.Hosting;

/// <summary>How messages name a network: the default one has no name.</summary>
internal static class NetworkName
{
    /// <summary>At the beginning of a sentence.</summary>
    public static string Of(string name) => name.Length == 0 ? "The network" : $"Network '{name}'";

    /// <summary>Inside a sentence.</summary>
    public static string Within(string name) => name.Length == 0 ? "the network" : $"network '{name}'";
}
