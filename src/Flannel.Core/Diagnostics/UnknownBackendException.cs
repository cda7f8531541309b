namespace Flannel.Core.Diagnostics;

/// <summary>The network configuration asks for a backend that is not registered.</summary>
public sealed class UnknownBackendException : FlannelException
{
    internal UnknownBackendException(string requested, IReadOnlyList<string> registered)
        : base(
            $"The network configuration asks for the backend '{requested}' (Backend.Type), which is not registered. Registered: " +
            (registered.Count == 0 ? "none" : string.Join(", ", registered)) +
            ". Add its package and call its Use method, or change the configuration.")
    {
        Requested = requested;
        Registered = registered;
    }

    /// <summary>The name that the configuration asks for.</summary>
    public string Requested { get; }

    /// <summary>The names that are registered.</summary>
    public IReadOnlyList<string> Registered { get; }
}
