namespace Flannel;

/// <summary>A network was to be made under a name that another network of this process has.</summary>
public sealed class NetworkExistsException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="network">The name.</param>
    /// <param name="isLeaving">Whether the other network is being removed.</param>
    public NetworkExistsException(string network, bool isLeaving)
        : base(
            network.Length == 0
                ? $"There is a default network in this process{Advice(isLeaving)}"
                : $"There is a network '{network}' in this process{Advice(isLeaving)}") => (Network, IsTransient) = (network, isLeaving);

    /// <summary>The name.</summary>
    public string Network { get; }

    /// <summary>Whether the other network is being removed, so that the name will be free.</summary>
    public override bool IsTransient { get; }

    private static string Advice(bool isLeaving) => isLeaving
        ? ", which is being removed. Await the RemoveAsync() of IFlannelNetworks that removes it, then create the other one."
        : " already. Call Find() of IFlannelNetworks to get it, RemoveAsync() to replace it, or choose another name.";
}
