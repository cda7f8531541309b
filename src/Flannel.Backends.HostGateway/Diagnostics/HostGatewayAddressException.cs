using System.Net;

namespace Flannel;

/// <summary>
/// The host publishes an address that its external interface does not have. Peers use the published address as a gateway, so it must be on the
/// network that they share with the interface.
/// </summary>
public sealed class HostGatewayAddressException : FlannelException
{
    internal HostGatewayAddressException(string interfaceName, IPAddress interfaceAddress, IPAddress publicAddress, string option)
        : base(
            "The backend host-gw makes every host the gateway of its subnet, at the address of its interface; but this host publishes " +
            $"{publicAddress}, and its external interface {interfaceName} has {interfaceAddress}. " +
            $"Leave FlannelOptions.ExternalInterface.{option} unset, choose the interface that has the address (ExternalInterface.Name), " +
            "or use a backend that crosses address translation, such as vxlan.")
    {
        InterfaceAddress = interfaceAddress;
        PublicAddress = publicAddress;
    }

    /// <summary>The address of the external interface.</summary>
    public IPAddress InterfaceAddress { get; }

    /// <summary>The address that would be published.</summary>
    public IPAddress PublicAddress { get; }
}
