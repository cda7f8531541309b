using System.Globalization;

namespace Flannel.Soak.Agents;

/// <summary>What a process holds of its host, by proc(5).</summary>
/// <param name="Process">Its number: another one is another life.</param>
/// <param name="ResidentKilobytes">VmRSS.</param>
/// <param name="Threads">Its threads.</param>
/// <param name="Descriptors">Its open files and sockets.</param>
/// <param name="Kinds">How many of them are what.</param>
internal sealed record ProcessSample(int Process, int ResidentKilobytes, int Threads, int Descriptors, string Kinds)
{
    public static ProcessSample Of(int process)
    {
        Dictionary<string, string> status = File.ReadAllLines($"/proc/{process}/status")
            .Select(static line => line.Split(':', 2))
            .ToDictionary(static part => part[0], static part => part[1].Trim());
        string[] descriptors =
            [.. Directory.GetFileSystemEntries($"/proc/{process}/fd").Select(static path => new FileInfo(path).LinkTarget ?? "closed")];
        return new ProcessSample(
            process,
            int.Parse(status["VmRSS"].Split(' ')[0], CultureInfo.InvariantCulture),
            int.Parse(status["Threads"], CultureInfo.InvariantCulture),
            descriptors.Length,
            string.Join(", ", descriptors.CountBy(static target => target.Split(':')[0]).Select(static kind => $"{kind.Value} {kind.Key}")));
    }
}
