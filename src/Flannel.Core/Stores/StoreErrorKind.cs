namespace Flannel;

/// <summary>What kind of failure a <see cref="StoreException"/> tells of, for programs that react to some of them.</summary>
public enum StoreErrorKind
{
    /// <summary>None of the others, or the store does not say.</summary>
    Unspecified,

    /// <summary>Nobody answers: connections are refused or break, answers do not come in time, the cluster has no leader or is overloaded.</summary>
    Unreachable,

    /// <summary>The name of an endpoint does not resolve to an address.</summary>
    NameNotResolved,

    /// <summary>
    /// TLS failed: a certificate was refused by one side or the other, a certificate file is unusable, or the other side does not speak TLS.
    /// </summary>
    Tls,

    /// <summary>The store demands a user, or refuses the one that was named, or its password or token.</summary>
    CredentialsRefused,

    /// <summary>The store knows the user, and does not let it read or write what was asked for.</summary>
    PermissionDenied,

    /// <summary>A request or an answer is longer than the store transfers.</summary>
    TooLarge,

    /// <summary>The revision that was asked for is not kept any more.</summary>
    Compacted,

    /// <summary>Somebody else changed what was to be written.</summary>
    Conflict,

    /// <summary>The store has no room left and takes no writes until an operator makes some.</summary>
    OutOfSpace,

    /// <summary>What answers is not the store that was expected: another service, another cluster, or an older state of it.</summary>
    UnexpectedAnswer,
}
