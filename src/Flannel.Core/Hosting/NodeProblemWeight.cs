namespace Flannel.Core.Hosting;

/// <summary>What a problem does to a node's state.</summary>
internal enum NodeProblemWeight
{
    /// <summary>Somebody should know; the node is ready.</summary>
    Notice,

    /// <summary>The overlay carries traffic, but not all is well.</summary>
    Degrading,

    /// <summary>The node is not ready.</summary>
    Disabling,
}
