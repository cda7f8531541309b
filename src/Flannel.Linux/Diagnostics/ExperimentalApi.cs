namespace Flannel.Linux.Diagnostics;

/// <summary>The diagnostics of what is public but may still change from one minor version to the next. Suppress one to use it all the same.</summary>
internal static class ExperimentalApi
{
    /// <summary>What backends in the kernel are built on: mechanisms, data paths, ownership.</summary>
    public const string KernelBackends = "FLANNEL001";
}
