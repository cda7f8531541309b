namespace Flannel.Store.Kubernetes.Objects;

/// <summary>What an answer is made of. The value is the depth at which its objects begin.</summary>
internal enum ApiShape
{
    /// <summary>One object, or a Status.</summary>
    Object = 0,

    /// <summary>Events, one after the other, each with an object.</summary>
    Watch = 1,

    /// <summary>A list of objects.</summary>
    List = 2,
}
