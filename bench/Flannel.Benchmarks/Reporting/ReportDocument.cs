namespace Flannel.Benchmarks.Reporting;

/// <summary>The JSON shape of a <see cref="Report"/>.</summary>
internal sealed record ReportDocument(string Command, IReadOnlyList<string> Facts, IReadOnlyList<string> Notes, IReadOnlyList<Result> Results);
