using System.Diagnostics;
using Spectre.Console;

namespace Orchestrator.Reporting;

/// <summary>
/// The two streams of the terminal: the report goes to standard output, progress to standard error, so that the report can be redirected and the
/// progress is still seen.
/// </summary>
internal sealed class Screen
{
    private readonly IAnsiConsole _progress = Open(Console.Error, Console.IsErrorRedirected);

    /// <summary>Where the report is drawn.</summary>
    public IAnsiConsole Output { get; } = Open(Console.Out, Console.IsOutputRedirected);

    /// <summary>Writes text to standard output as it is.</summary>
    public void Write(string text) => Console.Out.WriteLine(text);

    /// <summary>Tells the person in front of the screen something that is no part of the report.</summary>
    public void Say(string text) => Console.Error.WriteLine(text);

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
        bool isLive = _progress.Profile.Capabilities.Ansi;
        string label = Markup.Escape(step);
        string outcome = "[red]✗[/]";
        long start = Stopwatch.GetTimestamp();
        if (!isLive) _progress.Write($"{step} ... ");
        try
        {
            if (isLive) await _progress.Status().StartAsync(label, status => work(detail => status.Status($"{label} [grey]{detail}[/]")));
            else await work(_ => { });
            outcome = "[green]✓[/]";
        }
        finally
        {
            if (isLive) outcome += $" {label}";
            _progress.MarkupLine($"{outcome} [grey]{Stopwatch.GetElapsedTime(start).TotalSeconds:0.00} s[/]");
        }
    }

    private static IAnsiConsole Open(TextWriter writer, bool isRedirected) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(writer),
        Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
    });
}
