using Flannel.Extensibility;

namespace Flannel;

/// <summary>The network configuration asks for a backend that is not registered.</summary>
public sealed class UnknownBackendException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="requested">The name that the configuration asks for.</param>
    /// <param name="registered">The names that are registered.</param>
    public UnknownBackendException(string requested, IReadOnlyList<string> registered)
        : base(
            $"The network configuration asks for the backend '{VisibleText.Of(requested, 80)}' (Backend.Type), which this program does not have" +
            $"{Hint(requested, registered)} It has " +
            (registered.Count == 0 ? "none" : string.Join(", ", registered.Order(StringComparer.Ordinal))) +
            $". Correct Backend.Type in the configuration{AdviceForHosts(requested)}.")
    {
        Requested = requested;
        Registered = registered;
    }

    /// <summary>The name that the configuration asks for.</summary>
    public string Requested { get; }

    /// <summary>The names that are registered.</summary>
    public IReadOnlyList<string> Registered { get; }

    private static string Hint(string requested, IReadOnlyList<string> registered)
    {
        string[] similar = [.. Similarity.Closest(requested, registered)];
        string blank = requested switch
        {
            [var first, ..] when char.IsWhiteSpace(first) => " The name begins with a blank.",
            [.., var last] when char.IsWhiteSpace(last) => " The name ends with a blank.",
            _ => "",
        };
        return $"{(similar.Length > 0 ? $"; did you mean {string.Join(" or ", similar)}?" : ".")}{blank}";
    }

    // Only where there is such a package is there anything that the program's author can do.
    private static string AdviceForHosts(string requested) => requested switch
    {
        "vxlan" => ", or add the package Flannel.Backends.Vxlan to the program and call UseVxlan()",
        "udp" => ", or add the package Flannel.Backends.Udp to the program and call UseUdp()",
        "host-gw" => ", or add the package Flannel.Backends.HostGateway to the program and call UseHostGateway()",
        "alloc" => ", or call UseAlloc() in the program",
        _ => "",
    };
}
