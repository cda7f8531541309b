using Flannel.Core.Configuration;

namespace Flannel;

public sealed partial record NetworkConfig
{
    private FamilySettings IPv4Settings => new(Network, SubnetLength, SubnetMin, SubnetMax);

    private FamilySettings IPv6Settings => new(IPv6Network, IPv6SubnetLength, IPv6SubnetMin, IPv6SubnetMax);

    /// <summary>
    /// Checks every rule and fills in the defaults: the way to use a configuration that was made in code. Stricter than flannel in three points
    /// that could never work there: a <c>SubnetMin</c> after <c>SubnetMax</c>, an <c>IPv6Network</c> that is not IPv6, and a <c>Backend</c> that
    /// is no object with a <c>Type</c>.
    /// </summary>
    /// <param name="source">Where the configuration comes from, for the message.</param>
    /// <returns>The same configuration with its defaults filled in.</returns>
    /// <exception cref="NetworkConfigException">The configuration breaks rules; the exception lists every problem.</exception>
    public NetworkConfig Validate(string source = "made in code") => Complete(new ConfigProblems(), source);

    private NetworkConfig Complete(ConfigProblems problems, string source)
    {
        if (problems.Has(""))
        {
            problems.ThrowIfAny(source, draft: null);
        }

        if (!EnableIPv4 && !EnableIPv6 && !problems.Has(nameof(EnableIPv4)) && !problems.Has(nameof(EnableIPv6)))
        {
            problems.Add(nameof(EnableIPv4), "false", "true, unless EnableIPv6 is true");
        }

        if (Backend is not null)
        {
            _ = BackendBlock.Read(Backend, out NetworkConfigProblem? problem);
            problems.Add(problem);
        }

        FamilySettings ipv4 = Complete(FamilyRules.IPv4, EnableIPv4, IPv4Settings, problems);
        FamilySettings ipv6 = Complete(FamilyRules.IPv6, EnableIPv6, IPv6Settings, problems);
        problems.ThrowIfAny(source, draft: this);
        return this with
        {
            Network = ipv4.Network,
            SubnetLength = ipv4.SubnetLength,
            SubnetMin = ipv4.SubnetMin,
            SubnetMax = ipv4.SubnetMax,
            IPv6Network = ipv6.Network,
            IPv6SubnetLength = ipv6.SubnetLength,
            IPv6SubnetMin = ipv6.SubnetMin,
            IPv6SubnetMax = ipv6.SubnetMax,
        };
    }

    private static FamilySettings Complete(FamilyRules rules, bool enabled, FamilySettings given, ConfigProblems problems)
    {
        rules.CheckForm(given, problems);
        return enabled ? rules.Complete(given, problems) : given;
    }
}
