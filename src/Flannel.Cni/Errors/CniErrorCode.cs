namespace Flannel.Cni;

/// <summary>
/// What went wrong, as a number that travels from a plugin to the runtime (CNI specification, "Error"). Codes from 100 on belong to the plugin that
/// uses them; cast them: <c>(CniErrorCode)123</c>.
/// </summary>
public enum CniErrorCode
{
    /// <summary>No code: only in answers of plugins that break the specification.</summary>
    None = 0,

    /// <summary>The plugin and the configuration have no version of CNI in common.</summary>
    IncompatibleVersion = 1,

    /// <summary>A member of the configuration is not supported; the message names it and its value.</summary>
    UnsupportedField = 2,

    /// <summary>The container is unknown or gone, so there is nothing to clean up; the runtime need not try again.</summary>
    UnknownContainer = 3,

    /// <summary>An environment variable is missing or invalid; the message names it.</summary>
    InvalidEnvironment = 4,

    /// <summary>Something could not be read or written.</summary>
    IoFailure = 5,

    /// <summary>Content could not be decoded: no JSON, or JSON of another shape.</summary>
    DecodingFailure = 6,

    /// <summary>The configuration is well-formed and cannot be used.</summary>
    InvalidConfiguration = 7,

    /// <summary>A passing condition; the runtime should try again later.</summary>
    TryAgainLater = 11,

    /// <summary>The plugin cannot serve an ADD now (STATUS).</summary>
    NotAvailable = 50,

    /// <summary>As <see cref="NotAvailable"/>, and containers that are attached may have limited connectivity (STATUS).</summary>
    LimitedConnectivity = 51,

    /// <summary>The first of the codes that belong to the plugin.</summary>
    PluginSpecific = 100,

    /// <summary>What libcni and its plugins say of failures they have no code for.</summary>
    Internal = 999,
}
