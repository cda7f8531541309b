namespace Orchestrator.Reporting;

/// <summary>A container and its addresses in the overlay.</summary>
internal sealed record ContainerReport(string Name, string Namespace, IReadOnlyList<string> Addresses);
