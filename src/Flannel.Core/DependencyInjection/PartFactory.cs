using System.Diagnostics.CodeAnalysis;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Makes parts by type.</summary>
internal static class PartFactory
{
    /// <summary>The service of that type, or a new instance with services for the constructor's parameters.</summary>
    public static TPart Make<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TPart>(
        IServiceProvider provider, string network)
        where TPart : class => provider.GetService<TPart>() ?? ActivatorUtilities.CreateInstance<TPart>(provider);
}
