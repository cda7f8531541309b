namespace Flannel.Linux.Traffic;

/// <summary>What a rule does with a packet that it matches.</summary>
internal enum RuleAction
{
    /// <summary>Leaves it alone: the chain's other rules do not see it.</summary>
    Return,

    /// <summary>Gives it the address of the interface it leaves through as source.</summary>
    Masquerade,

    /// <summary>Lets it through.</summary>
    Accept,
}
