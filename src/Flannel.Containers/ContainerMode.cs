namespace Flannel;

/// <summary>How containers are connected to their host.</summary>
public enum ContainerMode
{
    /// <summary>By a bridge that has the gateway's address.</summary>
    Bridge,

    /// <summary>Each by a pair of devices and a route, without a bridge: no broadcasts, every packet passes the host's routing.</summary>
    Routed,
}
