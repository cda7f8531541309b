using System.Reflection;
using Flanneld;
using Flanneld.Cni;
using Flanneld.CommandLine;
using Flanneld.Docker;
using Flanneld.Hosting;
using Flanneld.Logging;
using Flanneld.Privileges;
using Microsoft.Extensions.Logging;

if (args is ["docker-opts", .. string[] options]) return DockerOptionsCommand.Run(options, Console.Error);
if (args is ["install-conf", .. string[] paths]) return InstallConfCommand.Run(paths, Console.Error);
// a link, as flannel's image has it
if (Path.GetFileName(Environment.GetCommandLineArgs()[0]) == "install-conf") return InstallConfCommand.Run(args, Console.Error);

var flags = new FlagSet(FlanneldFlags.All);
List<string> problems = [];
FlagValues values = flags.Parse(args, problems);
if (values.IsHelp && problems.Count == 0)
{
    Console.Error.Write(Usage.Text);
    return 0;
}

if (problems.Count == 0 && values.IsOn(FlanneldFlags.Version))
{
    Console.Error.WriteLine(Assembly.GetExecutingAssembly().GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion);
    return 0;
}

string? privileges = values.IsOn(FlanneldFlags.KeepPrivileges) ? null : AgentPrivileges.Reduce(); // before there are threads that keep theirs
CollectionPause.Begin();

List<string> ignored = [];
flags.FillFromEnvironment(values, Environment.GetEnvironmentVariable, ignored);
using var loggers = new LineLoggerFactory(Console.Error, TimeProvider.System, values.Number(FlanneldFlags.Verbosity));
ILogger logger = loggers.CreateLogger("Flanneld");
foreach (string problem in ignored) Log.Ignored(logger, problem);

problems.AddRange(SettingsRules.Check(values));
if (problems.Count > 0)
{
    foreach (string problem in problems) Console.Error.WriteLine($"flanneld: {LogText.OnOneLine(problem)}");
    Console.Error.WriteLine("flanneld: flanneld -help lists all flags");
    return 1;
}

if (privileges is not null) Log.PrivilegesKept(logger, privileges);
Log.Notes(logger, values, Environment.GetEnvironmentVariable);
using var signals = new StopSignals(() => Log.HangUp(logger));
return await new Daemon(new Settings(values), loggers, TimeProvider.System).RunAsync(signals.Token);
