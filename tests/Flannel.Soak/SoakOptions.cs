using System.Globalization;

namespace Flannel.Soak;

/// <summary>How long, how large, and which faults.</summary>
internal sealed record SoakOptions
{
    private const string Usage = "usage: ./build.sh soak [--minutes N] [--hosts N] [--backend vxlan|host-gw|udp] [--seed N] [--only text]";

    public TimeSpan Duration { get; private init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// How many hosts. The first two are never disturbed in their agents, so that memory, threads and descriptors can be followed to the end.
    /// </summary>
    public int Hosts { get; private init; } = 10;

    public string Backend { get; private init; } = "vxlan";

    /// <summary>What the faults are drawn by: the same seed draws the same faults.</summary>
    public int Seed { get; private init; } = Environment.TickCount & 0xffff;

    /// <summary>Only faults whose name contains this.</summary>
    public string Only { get; private init; } = "";

    /// <summary>Whether packets pass through the agents, so that an agent that stands still stops them.</summary>
    public bool AgentsCarryPackets => Backend == "udp";

    /// <returns><see langword="null"/> if they cannot be understood, which has been said.</returns>
    public static SoakOptions? Parse(string[] arguments, TextWriter errors)
    {
        var options = new SoakOptions();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            string value = i + 1 < arguments.Length ? arguments[i + 1] : "";
            bool isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            SoakOptions? next = arguments[i] switch
            {
                "--minutes" when isNumber && number is > 0 and <= 1440 => options with { Duration = TimeSpan.FromMinutes(number) },
                "--hosts" when isNumber && number is >= 3 and <= 50 => options with { Hosts = number },
                "--seed" when isNumber => options with { Seed = number },
                "--backend" when value is "vxlan" or "host-gw" or "udp" => options with { Backend = value },
                "--only" when value.Length > 0 => options with { Only = value },
                _ => null,
            };
            if (next is null)
            {
                errors.WriteLine($"soak: '{arguments[i]} {value}' is not understood (minutes 1 to 1440, hosts 3 to 50)\n{Usage}");
                return null;
            }

            options = next;
        }

        return options;
    }
}
