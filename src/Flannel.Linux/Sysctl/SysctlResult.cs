namespace Flannel.Extensibility;

/// <summary>The outcome of a read or write of a kernel setting.</summary>
/// <param name="Key">The setting, as <c>sysctl</c> prints it.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Value">The value the setting has now, without the final line break; <see langword="null"/> if it could not be read.</param>
public readonly record struct SysctlResult(string Key, SysctlStatus Status, string? Value)
{
    /// <summary>Whether the setting exists and could be read or written.</summary>
    public bool IsOk => Status == SysctlStatus.Ok;

    /// <summary>The outcome as an operator would read it.</summary>
    public override string ToString() => Status switch
    {
        SysctlStatus.Ok => $"{Key} = {Value}",
        SysctlStatus.NotFound => $"{Key} does not exist",
        SysctlStatus.Denied => $"{Key} may not be accessed (CAP_NET_ADMIN is missing, or /proc/sys is read-only)" + Suffix,
        _ => $"{Key} does not take the value" + Suffix,
    };

    private string Suffix => Value is null ? "" : $"; it is {Value}";
}
