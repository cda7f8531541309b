namespace Flannel.Containers.Addresses;

/// <summary>Whose an address is.</summary>
internal readonly record struct Owner(string ContainerId, string InterfaceName)
{
    public override string ToString() => $"{ContainerId} ({InterfaceName})";
}
