namespace Flannel.Cni;

/// <summary>
/// A plugin. <see cref="CniPluginHost"/> runs it: reads and checks what the runtime says, answers VERSION, and writes the result or the error.
/// Methods throw
/// <see cref="CniException"/> to say what went wrong; any other exception becomes code 999.
/// </summary>
public abstract class CniPlugin
{
    /// <summary>What it is, in one line.</summary>
    public virtual string About => GetType().Name;

    /// <summary>
    /// The versions of CNI that it speaks; all of <see cref="CniVersions.All"/> unless overridden. Results are converted to the version of the
    /// request.
    /// </summary>
    public virtual IReadOnlyList<string> SupportedVersions => CniVersions.All;

    /// <summary>ADD: attaches the container.</summary>
    /// <param name="request">What the runtime says.</param>
    /// <param name="cancellationToken">Says that nobody waits any longer.</param>
    /// <returns>The result; with <see cref="CniRequest.PreviousResult"/>, that and what this plugin adds to it.</returns>
    public abstract Task<CniResult> AddAsync(CniRequest request, CancellationToken cancellationToken);

    /// <summary>DEL: detaches the container. Must succeed if there is nothing left to detach.</summary>
    /// <param name="request">What the runtime says; its network namespace may be gone or unnamed.</param>
    /// <param name="cancellationToken">Says that nobody waits any longer.</param>
    public abstract Task DeleteAsync(CniRequest request, CancellationToken cancellationToken);

    /// <summary>CHECK: throws unless the attachment is as <see cref="CniRequest.PreviousResult"/> says. Succeeds unless overridden.</summary>
    /// <param name="request">What the runtime says.</param>
    /// <param name="cancellationToken">Says that nobody waits any longer.</param>
    public virtual Task CheckAsync(CniRequest request, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>GC: removes what belongs to none of <see cref="CniRequest.ValidAttachments"/>. Succeeds unless overridden.</summary>
    /// <param name="request">What the runtime says.</param>
    /// <param name="cancellationToken">Says that nobody waits any longer.</param>
    public virtual Task CollectGarbageAsync(CniRequest request, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>
    /// STATUS: throws <see cref="CniErrorCode.NotAvailable"/> or <see cref="CniErrorCode.LimitedConnectivity"/> unless an ADD would work. Succeeds
    /// unless overridden.
    /// </summary>
    /// <param name="request">What the runtime says.</param>
    /// <param name="cancellationToken">Says that nobody waits any longer.</param>
    public virtual Task GetStatusAsync(CniRequest request, CancellationToken cancellationToken) => Task.CompletedTask;
}
