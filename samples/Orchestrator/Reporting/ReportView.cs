using System.Globalization;
using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>Draws the report: the hosts, what went through their tunnels, who reached whom how fast, and the verdict.</summary>
internal sealed class ReportView(Report report)
{
    private const int MostFailures = 10;

    public void Draw(IAnsiConsole console)
    {
        if (report.Hosts.Count > 0)
        {
            console.WriteLine();
            console.MarkupLineInterpolated($"[bold]Hosts[/] [grey]in the {report.Backend} overlay {string.Join(" and ", report.Networks)}[/]");
            console.Write(Hosts());
            console.MarkupLine("[bold]Tunnels[/] [grey]packets counted by the devices before → after the pings between the hosts[/]");
            console.Write(Tunnels());
            new PingView(report).Draw(console);
        }

        Verdict(console);
    }

    private Table Hosts()
    {
        Table table = Plain.Table("Host", "Underlay", "Overlay subnet", "MTU", "VTEP MAC");
        foreach (HostReport host in report.Hosts)
        {
            table.AddRow(
                new Text(host.Name),
                Plain.Lines(host.Addresses),
                Plain.Lines(host.Subnets),
                new Text(host.Mtu.ToString(CultureInfo.InvariantCulture)),
                Plain.Lines(host.Tunnels.Select(tunnel => tunnel.VtepMac)));
        }

        return table;
    }

    private Table Tunnels()
    {
        Table table = Plain.Table("Host", "Device", "Sent", "Received", "Pings across");
        foreach (HostReport host in report.Hosts)
        {
            foreach (TunnelReport tunnel in host.Tunnels)
            {
                string colour = tunnel.CarriedAll ? "green" : "red";
                table.AddRow(
                    new Text(tunnel == host.Tunnels[0] ? host.Name : ""),
                    new Text(tunnel.Device),
                    Markup.FromInterpolated($"{tunnel.SentBefore} → {tunnel.SentAfter}  [{colour}]+{tunnel.Sent}[/]"),
                    Markup.FromInterpolated($"{tunnel.ReceivedBefore} → {tunnel.ReceivedAfter}  [{colour}]+{tunnel.Received}[/]"),
                    new Text(tunnel.Needed.ToString(CultureInfo.InvariantCulture)));
            }
        }

        foreach (TableColumn column in table.Columns.Skip(2)) column.RightAligned();
        return table;
    }

    private void Verdict(IAnsiConsole console)
    {
        int answered = report.Pings.Count(ping => ping.Milliseconds is not null);
        int across = report.Pings.Count(ping => ping.FromHost != ping.ToHost);
        console.WriteLine();
        if (report.Ok)
        {
            console.MarkupLineInterpolated(
                $"[green bold]All {answered} pings answered[/], {across} of them across hosts, each through the tunnels. [grey]{report.Seconds:0.0} s[/]");
            return;
        }

        if (report.Pings.Count > 0) console.MarkupLineInterpolated($"[red bold]{answered} of {report.Pings.Count} pings answered.[/]");
        foreach (string failure in report.Failures.Take(MostFailures)) console.MarkupLineInterpolated($"[red]✗[/] {failure}");
        if (report.Failures.Count > MostFailures) console.MarkupLineInterpolated($"  and {report.Failures.Count - MostFailures} more; --json lists them all");
    }
}
