using System.Globalization;
using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>Draws the report: the hosts, what went through their tunnels, who reached whom how fast, and the verdict.</summary>
internal sealed class ReportView(Report report)
{
    private const int MostFailures = 10;

    private readonly bool _hasTunnels = report.Hosts.Any(host => host.Tunnels.Count > 0);

    public void Draw(IAnsiConsole console)
    {
        console.Write(Layout.Headline("Hosts", $"in the {report.Backend} overlay {string.Join(" and ", report.Networks)}"));
        console.Write(Hosts());
        if (_hasTunnels)
        {
            console.Write(Layout.Headline("Tunnels", "packets counted before → after; a ping across takes one each way"));
            console.Write(Tunnels());
        }

        new PingView(report).Draw(console);
        Verdict(console);
    }

    private Grid Hosts()
    {
        Grid grid = Layout.Columns(
            "Host",
            "Underlay",
            "Overlay subnet",
            "MTU",
            report.Hosts.Any(host => host.Tunnels.Any(tunnel => tunnel.VtepMac is not null)) ? "VTEP MAC" : "");
        foreach (HostReport host in report.Hosts)
        {
            grid.AddRow(
                new Text(host.Name),
                Layout.Lines(host.Addresses),
                Layout.Lines(host.Subnets),
                new Text(host.Mtu.ToString(CultureInfo.InvariantCulture)),
                Layout.Lines(host.Tunnels.Select(tunnel => tunnel.VtepMac ?? "")));
        }

        return grid;
    }

    private Grid Tunnels()
    {
        Grid grid = Layout.Columns("Host", "Device", "Sent", "Received", "Pings across");
        foreach (HostReport host in report.Hosts)
        {
            foreach (TunnelReport tunnel in host.Tunnels)
            {
                string colour = tunnel.CarriedAll ? "green" : "red";
                grid.AddRow(
                    new Text(tunnel == host.Tunnels[0] ? host.Name : ""),
                    new Text(tunnel.Device),
                    Markup.FromInterpolated($"{tunnel.SentBefore} → {tunnel.SentAfter}  [{colour}]+{tunnel.Sent}[/]"),
                    Markup.FromInterpolated($"{tunnel.ReceivedBefore} → {tunnel.ReceivedAfter}  [{colour}]+{tunnel.Received}[/]"),
                    new Text(tunnel.Needed.ToString(CultureInfo.InvariantCulture)));
            }
        }

        return grid;
    }

    private void Verdict(IAnsiConsole console)
    {
        int answered = report.Pings.Count(ping => ping.Milliseconds is not null);
        int across = report.Pings.Count(ping => ping.FromHost != ping.ToHost);
        console.Write(new Rule { Style = new Style(Color.Grey) });
        if (report.Ok)
        {
            string how = _hasTunnels ? "through the tunnels" : "by plain routes";
            console.MarkupLineInterpolated(
                $"[green bold]All {answered} pings answered[/], {across} of them across hosts, {how}. [grey]{report.Seconds:0.0} s[/]");
            return;
        }

        console.MarkupLineInterpolated($"[red bold]{answered} of {report.Pings.Count} pings answered.[/]");
        foreach (string failure in report.Failures.Take(MostFailures)) console.MarkupLineInterpolated($"[red]✗[/] {failure}");
        if (report.Failures.Count > MostFailures)
            console.MarkupLineInterpolated($"  and {report.Failures.Count - MostFailures} more; --json lists them all");
    }
}
