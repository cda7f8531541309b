namespace Flannel;

/// <summary>Transport protocols of port mappings, by their numbers (IANA).</summary>
public enum PortProtocol
{
    /// <summary>TCP.</summary>
    Tcp = 6,

    /// <summary>UDP.</summary>
    Udp = 17,

    /// <summary>SCTP.</summary>
    Sctp = 132,
}
