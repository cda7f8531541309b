using System.Diagnostics;
using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>
/// The two streams of the terminal: the report goes to standard output, progress to standard error, so that the report can be redirected and the
/// progress is still seen.
/// </summary>
internal sealed class Screen
{
    private readonly IAnsiConsole _progress = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>Where the report is drawn.</summary>
    public IAnsiConsole Output { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });

    /// <summary>Writes text to standard output as it is.</summary>
    public void Write(string text) => Console.Out.WriteLine(text);

    /// <summary>Tells the person in front of the screen something that is no part of the report.</summary>
    public void Say(string text) => _progress.WriteLine(text);

    /// <summary>Shows what is being done and, in the end, how long it took.</summary>
    public Task StepAsync(string step, Action work) => StepAsync(step, () =>
    {
        work();
        return Task.CompletedTask;
    });

    /// <inheritdoc cref="StepAsync(string, Action)"/>
    public Task StepAsync(string step, Func<Task> work) => StepAsync(step, _ => work());

    /// <summary>Shows what is being done, how far it is and, in the end, how long it took.</summary>
    public async Task StepAsync(string step, Func<Action<string>, Task> work)
    {
        long start = Stopwatch.GetTimestamp();
        if (_progress.Profile.Out.IsTerminal && _progress.Profile.Capabilities.Ansi)
        {
            await _progress.Status().StartAsync(Markup.Escape(step), status => work(detail => status.Status($"{Markup.Escape(step)} [grey]{Markup.Escape(detail)}[/]")));
            _progress.MarkupLineInterpolated($"[green]✓[/] {step} [grey]{Seconds(start)}[/]");
        }
        else
        {
            _progress.Write($"{step} ... ");
            await work(_ => { });
            _progress.WriteLine(Seconds(start));
        }
    }

    private static string Seconds(long start) => $"{Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s";
}
