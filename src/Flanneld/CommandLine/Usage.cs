using System.Text;

namespace Flanneld.CommandLine;

/// <summary>What <c>-help</c> prints.</summary>
internal static class Usage
{
    public static string Text { get; } = Write();

    private static string Write()
    {
        var text = new StringBuilder(
            """
            usage: flanneld [flags]
                   flanneld docker-opts [options]     write Docker's options from the subnet file; -h lists its options
                   flanneld install-conf FROM TO      copy CNI's configuration to where the container runtime looks for it

            Leases a subnet of the network for this host and connects it with the other hosts. A flag that is not given is taken from the
            environment variable FLANNELD_ and its name in capitals, with _ for -.


            """);
        foreach (Flag flag in FlanneldFlags.All)
        {
            text.Append("  -").Append(flag.Name);
            if (flag.Kind != FlagKind.Switch) text.Append(' ').Append(flag.ValueName);
            text.Append("\n        ").Append(flag.Usage);
            if (flag.Default.Length > 0 && flag.Default is not ("false" or "0")) text.Append(" (default ").Append(flag.Default).Append(')');
            text.Append('\n');
        }

        return text.ToString();
    }
}
