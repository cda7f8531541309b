using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>Draws who reached whom how fast: the containers if they are few, else the hosts, each with all its containers.</summary>
internal sealed class PingView(Report report)
{
    private const int MostContainers = 12;
    private const int WidthWithoutBars = 40;
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const string Silent = "[red]✗[/]";

    public void Draw(IAnsiConsole console)
    {
        if (report.Hosts.Sum(host => host.Containers.Count) <= MostContainers) DrawContainers(console);
        else DrawHosts(console);
    }

    private void DrawContainers(IAnsiConsole console)
    {
        List<ContainerReport> containers = [.. report.Hosts.SelectMany(host => host.Containers)];
        ILookup<(string, string), PingReport> pings = report.Pings.ToLookup(ping => (ping.From, ping.To));
        Table table = Plain.Table(["From", "", .. containers.Select(container => container.Name)]);
        foreach (ContainerReport from in containers)
        {
            table.AddRow(
            [
                new Text(from.Name),
                Plain.Lines(from.Addresses),
                .. containers.Select(to => Plain.Lines(pings[(from.Name, to.Name)].Select(Time))),
            ]);
        }

        console.MarkupLine("[bold]Round trips[/] [grey]between the containers, in milliseconds[/]");
        console.Write(table);
    }

    private void DrawHosts(IAnsiConsole console)
    {
        Dictionary<(string From, string To), Spread> pairs =
            report.Pings.GroupBy(ping => (ping.FromHost, ping.ToHost)).ToDictionary(pair => pair.Key, Spread.Of);
        double fastest = pairs.Values.Min(spread => spread.Median);
        double slowest = pairs.Values.Max(spread => spread.Median);
        string? gap = GapOfBars(console.Profile.Width);

        Table table = Plain.Table("From", gap is null ? "" : Numbers(gap), "Min", "Median", "Max");
        foreach (HostReport from in report.Hosts)
        {
            Spread all = Spread.Of(report.Pings.Where(ping => ping.FromHost == from.Name));
            table.AddRow(
                new Text(from.Name),
                new Markup(gap is null ? "" : string.Join(gap, report.Hosts.Select(to => Bar(pairs[(from.Name, to.Name)], fastest, slowest)))),
                new Text(Spread.Format(all.Minimum)),
                new Text(Spread.Format(all.Median)),
                new Text(Spread.Format(all.Maximum)));
        }

        console.MarkupLine("[bold]Round trips[/] [grey]between the hosts' containers, in milliseconds[/]");
        console.Write(table);
        if (gap is not null)
            console.MarkupLineInterpolated($"[grey]  A bar is the median of a pair of hosts, from {Bars[0]} {Spread.Format(fastest)} to {Bars[^1]} {Spread.Format(slowest)}.[/]");
        foreach (((string from, string to), Spread spread) in pairs.OrderByDescending(pair => pair.Value.Median).Take(1))
            console.MarkupLineInterpolated($"[grey]  Slowest pair: {from} → {to}, {spread}.[/]");
    }

    private static string Time(PingReport ping) => ping.Milliseconds is { } time ? Spread.Format(time) : Silent;

    private static string Bar(Spread spread, double fastest, double slowest) =>
        spread.IsComplete ? $"[green]{Bars[(int)((Bars.Length - 1) * (spread.Median - fastest) / Math.Max(slowest - fastest, 0.001))]}[/]" : Silent;

    // Null where even bars side by side do not fit.
    private string? GapOfBars(int width)
    {
        int room = width - WidthWithoutBars;
        return report.Hosts.Count * 2 <= room ? " " : report.Hosts.Count <= room ? "" : null;
    }

    // The hosts' numbers, written downwards.
    private string Numbers(string gap)
    {
        List<string> numbers = [.. report.Hosts.Select(host => host.Name[(host.Name.IndexOf('-', StringComparison.Ordinal) + 1)..])];
        int height = numbers.Max(number => number.Length);
        return string.Join('\n', Enumerable.Range(0, height).Select(line => string.Join(gap, numbers.Select(number => number.PadLeft(height)[line]))));
    }
}
