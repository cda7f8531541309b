using Flannel.Simulation.Runs;
using Flannel.Simulation.Scheduling;

Quiescence.RequireOneThread();
return await Task.Run(() => Commands.RunAsync(args, Console.Out));
