using System.Globalization;
using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>Draws who reached whom how fast: the containers if they are few, else the hosts, each with all its containers.</summary>
internal sealed class PingView(Report report)
{
    private const int MostContainers = 12;
    private const int MostWithAddresses = 6;
    private const int WidthWithoutBars = 36;
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
        bool withAddresses = containers.Count <= MostWithAddresses;
        Grid grid = Layout.Columns(["From", withAddresses ? "To" : "", .. containers.Select(container => container.Name)]);
        foreach (ContainerReport from in containers)
        {
            grid.AddRow(
            [
                new Text(from.Name),
                Layout.Lines(withAddresses ? from.Addresses : []),
                .. containers.Select(to => Layout.Lines(pings[(from.Name, to.Name)].Select(Time))),
            ]);
        }

        console.Write(Layout.Headline("Round trips", "between the containers in milliseconds"));
        console.Write(grid);
    }

    private void DrawHosts(IAnsiConsole console)
    {
        Dictionary<(string From, string To), Spread> pairs =
            report.Pings.GroupBy(ping => (ping.FromHost, ping.ToHost)).ToDictionary(pair => pair.Key, Spread.Of);
        double fastest = pairs.Values.Min(spread => spread.Median);
        double slowest = pairs.Values.Max(spread => spread.Median);
        string? gap = GapOfBars(console.Profile.Width);

        Grid grid = Layout.Columns("From", gap is null ? "" : Numbers(gap), "Min", "Median", "Max");
        foreach (HostReport from in report.Hosts)
        {
            Spread all = Spread.Of(report.Pings.Where(ping => ping.FromHost == from.Name));
            grid.AddRow(
                new Text(from.Name),
                new Markup(gap is null ? "" : string.Join(gap, report.Hosts.Select(to => Bar(pairs[(from.Name, to.Name)], fastest, slowest)))),
                new Text(Spread.Format(all.Minimum)),
                new Text(Spread.Format(all.Median)),
                new Text(Spread.Format(all.Maximum)));
        }

        console.Write(Layout.Headline("Round trips", "between the containers of two hosts in milliseconds"));
        console.Write(grid);
        if (gap is not null)
        {
            string from = $"{Bars[0]} {Spread.Format(fastest)}", to = $"{Bars[^1]} {Spread.Format(slowest)}";
            console.MarkupLineInterpolated($"  [grey]A bar is the median of a pair of hosts:[/] {from} [grey]to[/] {to}");
        }
    }

    private static string Time(PingReport ping) => ping.Milliseconds is { } time ? Spread.Format(time) : Silent;

    // By orders of magnitude, so that one that is far out does not flatten all others.
    private static string Bar(Spread spread, double fastest, double slowest)
    {
        if (!spread.IsComplete) return Silent;
        double height = slowest > fastest ? Math.Log(spread.Median / fastest) / Math.Log(slowest / fastest) : 0;
        return $"[green]{Bars[(int)Math.Round(height * (Bars.Length - 1))]}[/]";
    }

    // Null where even bars side by side do not fit.
    private string? GapOfBars(int width)
    {
        int room = width - WidthWithoutBars;
        return report.Hosts.Count * 2 <= room ? " " : report.Hosts.Count <= room ? "" : null;
    }

    // The hosts' numbers, written downwards.
    private string Numbers(string gap)
    {
        List<string> numbers = [.. Enumerable.Range(1, report.Hosts.Count).Select(number => number.ToString(CultureInfo.InvariantCulture))];
        int height = numbers[^1].Length;
        return string.Join(
            '\n', Enumerable.Range(0, height).Select(line => string.Join(gap, numbers.Select(number => number.PadLeft(height)[line]))));
    }
}
