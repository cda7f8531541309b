namespace Flannel;

/// <summary>What happened to something that is observed.</summary>
public enum ChangeKind
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It was there before and differs now.</summary>
    Changed,

    /// <summary>It is gone.</summary>
    Removed,
}
