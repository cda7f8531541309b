using System.Globalization;
using System.Security.Cryptography;
using Flannel.Extensibility;

namespace Flannel.Lab.Namespaces;

/// <summary>
/// Names of namespaces that tell whose they are: <c>flt-&lt;pid namespace&gt;-&lt;pid&gt;-&lt;random&gt;-&lt;role&gt;</c>. What a killed test process
/// leaves behind is found by them and removed by the next one.
/// </summary>
internal static class LabNames
{
    private const string Prefix = "flt";

    /// <summary>A name nobody else uses.</summary>
    internal static string Unique(string role)
    {
        string random = RandomNumberGenerator.GetHexString(6, lowercase: true);
        return string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{PidNamespace()}-{Environment.ProcessId}-{random}-{role}");
    }

    /// <summary>
    /// Deletes the namespaces of processes that are dead. Process ids of another PID namespace say nothing here, so those are left alone.
    /// </summary>
    internal static IReadOnlyList<string> Sweep()
    {
        List<string> swept = [];
        foreach (string name in NetworkNamespace.List())
        {
            if (name.Split('-') is not [Prefix, var pidNamespace, var pid, ..] || pidNamespace != PidNamespace() || Directory.Exists("/proc/" + pid))
                continue;

            try
            {
                NetworkNamespace.Delete(name);
                swept.Add(name);
            }
            catch (NetworkNamespaceException)
            {
                // another test process swept it at the same moment
            }
        }

        return swept;
    }

    // 'pid:[4026531836]'
    private static string PidNamespace() => new FileInfo("/proc/self/ns/pid").LinkTarget!["pid:[".Length..^1];
}
