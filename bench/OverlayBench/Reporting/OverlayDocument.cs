namespace OverlayBench.Reporting;

/// <summary>The JSON shape of an <see cref="OverlayReport"/>.</summary>
internal sealed record OverlayDocument(
    string Command, IReadOnlyList<string> Facts, IReadOnlyList<string> Notes, IReadOnlyList<string> Paths, IReadOnlyList<OverlayDocumentRow> Rows);
