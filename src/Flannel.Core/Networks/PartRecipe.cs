namespace Flannel.Core.Networks;

/// <summary>How one part of a network is made.</summary>
/// <param name="Type">The type as it was registered; what messages call it.</param>
/// <param name="Create">Makes it from the services and the network's name.</param>
/// <param name="Given">The part itself if it was given instead of a way to make it; it stays its giver's.</param>
internal sealed record PartRecipe<TPart>(Type Type, Func<IServiceProvider, string, TPart> Create, TPart? Given = null)
    where TPart : class
{
    /// <summary>A part that is there already.</summary>
    public static PartRecipe<TPart> Of(TPart part) => new(part.GetType(), (_, _) => part, part);
}
