namespace Flannel;

/// <summary>The network configuration is missing or breaks rules. All problems are reported at once.</summary>
public sealed class NetworkConfigException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="source">Where the configuration comes from, for the message.</param>
    /// <param name="problems">Every problem found; at least one.</param>
    /// <param name="innerException">The cause, if another exception was the cause.</param>
    public NetworkConfigException(string source, IReadOnlyList<NetworkConfigProblem> problems, Exception? innerException = null)
        : base(
            $"The network configuration ({source}) cannot be used: " + string.Join("; ", problems),
            innerException) => (Origin, Problems) = (source, problems);

    /// <summary>Where the configuration comes from.</summary>
    internal string Origin { get; }

    /// <summary>
    /// The configuration as far as it could be read, so that its backend can be asked as well; <see langword="null"/> if none of it could.
    /// </summary>
    internal NetworkConfig? Draft { get; init; }

    /// <summary>Every problem found, in the order of the document's keys.</summary>
    public IReadOnlyList<NetworkConfigProblem> Problems { get; }

    /// <summary>
    /// The leases that exist and have no place in the configuration, when it was to be written (<see cref="IFlannelAdministration"/>); else none.
    /// </summary>
    public IReadOnlyList<StoredLease> StrandedLeases { get; internal init; } = [];
}
