using System.Globalization;
using System.Net;
using Flannel.Core.Addressing;

namespace Flannel.Core.Configuration;

/// <summary>Collects what is wrong with one network configuration, so that everything is reported at once.</summary>
internal sealed class ConfigProblems
{
    private readonly List<NetworkConfigProblem> _problems = [];

    /// <summary>Whether the key's value is known to be wrong.</summary>
    public bool Has(string key) => _problems.Exists(problem => problem.Key == key);

    public void Add(string key, string json, string allowed) => _problems.Add(new NetworkConfigProblem(key, json, allowed));

    public void Add(string key, int value, string allowed) => Add(key, value.ToString(CultureInfo.InvariantCulture), allowed);

    public void Add(string key, IPAddress value, string allowed) => Add(key, $"\"{value}\"", allowed);

    public void Add(string key, IPNetwork value, string allowed) => Add(key, $"\"{new Subnet(value)}\"", allowed);

    public void Add(NetworkConfigProblem? problem)
    {
        if (problem is not null)
        {
            _problems.Add(problem);
        }
    }

    public void AddMissing(string key, string allowed) => Add(key, "", allowed);

    /// <summary>Reports everything that was found.</summary>
    /// <param name="source">Where the configuration comes from.</param>
    /// <param name="draft">The configuration as far as it could be read.</param>
    /// <exception cref="NetworkConfigException">Something was found.</exception>
    public void ThrowIfAny(string source, NetworkConfig? draft)
    {
        if (_problems.Count > 0)
        {
            throw new NetworkConfigException(
                source, [.. _problems.OrderBy(problem => Array.IndexOf(NetworkConfigReader.Keys, problem.Key))])
            { Draft = draft };
        }
    }
}
