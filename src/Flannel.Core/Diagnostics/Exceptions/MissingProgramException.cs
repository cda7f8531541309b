namespace Flannel;

/// <summary>A program that the operation runs, such as <c>iptables</c>, is not installed.</summary>
public sealed class MissingProgramException : FlannelException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="program">The program's name, for example <c>ip6tables-restore</c>.</param>
    /// <param name="package">The Debian package that brings it, for example <c>iptables</c>.</param>
    /// <param name="operation">What it was needed for.</param>
    public MissingProgramException(string program, string package, string operation)
        : base($"{operation} needs the program {program}, which is not in the search path. Install it (Debian: apt-get install {package}).")
    {
        Program = program;
        Package = package;
    }

    /// <summary>The missing program's name.</summary>
    public string Program { get; }

    /// <summary>The Debian package that brings it.</summary>
    public string Package { get; }
}
