namespace Flannel.Backends.HostGateway.Tests.Kernel;

/// <summary>Tests that count what the process has open run alone.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
