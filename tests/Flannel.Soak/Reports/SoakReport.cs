using System.Globalization;
using Flannel.Soak.Agents;
using Flannel.Soak.Faults;

namespace Flannel.Soak.Reports;

/// <summary>The outcome of a run.</summary>
internal sealed class SoakReport
{
    public List<string> Violations { get; } = [];

    public List<FaultRecord> Faults { get; } = [];

    public long Sent { get; set; }

    /// <summary>Packets lost while nothing was broken that they depend on.</summary>
    public long LostOutside { get; set; }

    /// <summary>Of the agents that lived from the start to the end: the first sample after the start, and the last.</summary>
    public List<(ProcessSample First, ProcessSample Last)> Agents { get; } = [];

    public void Write(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"{"fault",-58} {"times",5} {"longest repair",15} {"all as it was",15} {"lost",8}");
        foreach (
            IGrouping<string,
            FaultRecord> group in Faults.GroupBy(static record => FaultCatalog.Describe(record.Fault))
                .OrderBy(static group => group.Key, StringComparer.Ordinal))
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Key,-58} {group.Count(),5} {group.Max(static record => record.Repair.TotalSeconds),13:0.00} s " +
                $"{group.Max(static record => record.Settled.TotalSeconds),13:0.00} s {group.Sum(static record => record.Lost),8}"));
        }

        output.WriteLine();
        foreach ((ProcessSample first, ProcessSample last) in Agents)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"an undisturbed agent: resident {first.ResidentKilobytes / 1024.0:0.0} MB, then {last.ResidentKilobytes / 1024.0:0.0} MB; " +
                $"threads {first.Threads}, then {last.Threads}; descriptors {first.Descriptors}, then {last.Descriptors}"));
        }

        foreach (string violation in Violations) output.WriteLine($"VIOLATION: {violation}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Faults.Count} faults, {Sent:N0} packets; violations {Violations.Count}, longest repair " +
            $"{Faults.Select(static record => record.Repair.TotalSeconds).DefaultIfEmpty().Max():0.00} s, packets lost outside of outages " +
            $"{LostOutside}"));
    }
}
