namespace Flannel;

/// <summary>Why a subnet cannot be reserved.</summary>
public enum LeaseRefusal
{
    /// <summary>The key has not exactly the address families of the network configuration.</summary>
    WrongFamilies,

    /// <summary>The subnet is outside the network.</summary>
    OutsideNetwork,

    /// <summary>The subnet has another length than the configuration gives each host.</summary>
    WrongLength,

    /// <summary>The subnet is before <c>SubnetMin</c> or after <c>SubnetMax</c>.</summary>
    OutsidePool,

    /// <summary>The holder's public address is missing, or no host can be reached by it.</summary>
    UnusableAddress,

    /// <summary>Another host's lease, or one that nobody can read, has addresses of the subnet.</summary>
    Taken,

    /// <summary>The host holds another subnet of the network, which it would keep.</summary>
    HostHoldsAnother,

    /// <summary>What was to be reserved names no subnets, or no holder.</summary>
    NotALease,
}
