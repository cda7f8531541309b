using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Flanneld.Metrics;

/// <summary>Names and values in Prometheus' text format.</summary>
internal static class PrometheusText
{
    /// <summary>Whether the instrument tells of changes, so that they have to be added up.</summary>
    public static bool Accumulates(Instrument instrument) => GenericName(instrument) is "Counter" or "UpDownCounter" or "Histogram";

    private static string KindOf(Instrument instrument) => GenericName(instrument) switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "Histogram" => "summary",
        _ => "gauge",
    };

    /// <summary>A metric with all its series. A histogram becomes a summary without quantiles: its sum and its count.</summary>
    public static void Append(StringBuilder text, Instrument instrument, IReadOnlyDictionary<string, Series> series)
    {
        if (series.Count == 0) return;
        string kind = KindOf(instrument);
        string name = NameOf(instrument, kind);
        if (instrument.Description is { Length: > 0 } description)
        {
            text.Append("# HELP ")
                .Append(name)
                .Append(' ')
                .Append(description.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
                .Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        foreach ((string labels, Series one) in series)
        {
            text.Append(name).Append(kind == "summary" ? "_sum" : "").Append(labels).Append(' ').Append(Number(one.Value)).Append('\n');
            if (kind == "summary") text.Append(name).Append("_count").Append(labels).Append(' ').Append(Number(one.Count)).Append('\n');
        }
    }

    /// <summary><c>{flannel_network="blue"}</c>, or nothing without tags. To Prometheus a label without a value is none.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder("{");
        foreach ((string key, object? value) in tags)
        {
            string shown = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
            if (shown.Length == 0) continue;
            if (text.Length > 1) text.Append(',');
            text.Append(Name(key)).Append("=\"");
            text.Append(
                shown.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                    .Replace("\n", "\\n", StringComparison.Ordinal));
            text.Append('"');
        }

        return text.Length > 1 ? text.Append('}').ToString() : "";
    }

    // Without the type of its values, which is all that its types of one kind differ in.
    private static string GenericName(Instrument instrument) => instrument.GetType().Name.Split('`')[0];

    // Prometheus' conventions: the unit is part of the name, and counters end in _total.
    private static string NameOf(Instrument instrument, string kind)
    {
        string unit = instrument.Unit switch
        {
            "s" => "_seconds",
            "ms" => "_milliseconds",
            "By" => "_bytes",
            _ => "",
        };
        string name = Name(instrument.Name);
        if (!name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return kind == "counter" && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
    }

    private static string Name(string text) => string.Concat(text.Select(character => char.IsAsciiLetterOrDigit(character) ? character : '_'));

    private static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };
}
