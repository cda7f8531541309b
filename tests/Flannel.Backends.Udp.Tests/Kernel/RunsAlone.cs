namespace Flannel.Backends.Udp.Tests.Kernel;

/// <summary>Tests that count what the process has open, or what its threads do, run alone.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
