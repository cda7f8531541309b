namespace Flannel.Backends.Vxlan.Tests.Kernel;

/// <summary>Tests that count what the process has open run alone.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
