using System.Diagnostics.CodeAnalysis;
using Flannel.Linux.Diagnostics;

namespace Flannel.Extensibility;

/// <summary>The external interface as it was last seen. Immutable, so that any thread may read it.</summary>
/// <param name="Index">Its index.</param>
/// <param name="Name">Its name.</param>
/// <param name="Mtu">Its MTU in bytes; 0 until it was seen once.</param>
/// <param name="Exists">Whether it is there.</param>
/// <param name="Problem">What is wrong with it, or <see langword="null"/>.</param>
/// <param name="IsUsable">Whether it carries packets all the same.</param>
[Experimental(ExperimentalApi.KernelBackends)]
public sealed record ExternalLinkState(int Index, string Name, int Mtu, bool Exists, string? Problem, bool IsUsable = true);
