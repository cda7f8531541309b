namespace Flannel.Extensibility;

/// <summary>How messages name a network: the default one has no name.</summary>
public static class NetworkName
{
    /// <summary>At the beginning of a sentence.</summary>
    /// <param name="name">The network's name; empty for the default network.</param>
    /// <returns><c>Network 'blue'</c> or <c>The network</c>.</returns>
    public static string Of(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 ? "The network" : $"Network '{name}'";
    }

    /// <summary>Inside a sentence.</summary>
    /// <param name="name">The network's name; empty for the default network.</param>
    /// <returns><c>network 'blue'</c> or <c>the network</c>.</returns>
    public static string Within(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length == 0 ? "the network" : $"network '{name}'";
    }
}
