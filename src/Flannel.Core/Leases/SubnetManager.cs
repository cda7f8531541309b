namespace Flannel.Core.Leases;

internal sealed class SubnetManager;
