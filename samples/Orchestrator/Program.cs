using System.CommandLine;
using System.Globalization;
using Orchestrator;

var hosts = new Option<int>("--hosts")
{
    Description = "How many hosts to make, 1 to 100",
    HelpName = "N",
    DefaultValueFactory = _ => 3,
    CustomParser = argument =>
    {
        if (int.TryParse(argument.Tokens.Single().Value, CultureInfo.InvariantCulture, out int number) && number is >= 1 and <= 100) return number;
        argument.AddError("--hosts takes a number from 1 to 100.");
        return 0;
    },
};
var backend = new Option<string>("--backend")
{
    Description = "How packets travel between the hosts: vxlan, udp or host-gw",
    HelpName = "NAME",
    DefaultValueFactory = _ => "vxlan",
};
var dualStack = new Option<bool>("--dual-stack") { Description = "IPv6 beside IPv4" };
var keep = new Option<bool>("--keep") { Description = "Stay up until Ctrl+C" };
var json = new Option<bool>("--json") { Description = "Write one JSON document to standard output, and nothing else" };

var command = new RootCommand(
    "A small orchestrator: makes hosts and containers as network namespaces, joins the hosts into one overlay inside this process, and pings " +
    "between all containers. Removes everything it made.")
{
    hosts, backend, dualStack, keep, json,
};
command.SetAction(async parsed =>
{
    var options = new DemoOptions
    {
        Hosts = parsed.GetValue(hosts),
        Backend = parsed.GetValue(backend)!,
        DualStack = parsed.GetValue(dualStack),
        Keep = parsed.GetValue(keep),
        Json = parsed.GetValue(json),
    };
    using var interrupt = new Interrupt();
    try
    {
        return await new Demo(options).RunAsync(interrupt.Token) ? 0 : 1;
    }
    catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
    {
        return interrupt.ExitCode;
    }
});

return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
