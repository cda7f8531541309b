using System.Reflection;
using Flannel.Architecture.Tests.Tree;
using Flannel.Extensibility;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Flannel.Architecture.Tests.Sources;

/// <summary>Every backend has the same cast, so that whoever knows one can read the next.</summary>
public sealed class BackendCastTests
{
    private const string Prefix = "Flannel.Backends.";

    // host-gw takes no options, and what it publishes is the address that every lease has.
    private static readonly string[] WithoutOptionsAndLeaseData = ["HostGateway"];

    public static TheoryData<string> Backends =>
        [.. SourceTree.Packages.Select(package => package.Name).Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..])];

    [Theory]
    [MemberData(nameof(Backends))]
    public void Backend_HasTheCastOfABackend(string backend)
    {
        Type[] types = SourceTree.AssemblyOf(SourceTree.Packages.Single(package => package.Name == Prefix + backend)).GetTypes();

        Assert.True(Internal($"{backend}Backend").IsAssignableTo(typeof(IBackend)));
        if (types.Any(type => type.Name == $"{backend}Mechanism")) Assert.True(IsMechanism(Internal($"{backend}Mechanism")));
        else Assert.True(Internal($"{backend}Network").IsAssignableTo(typeof(IBackendNetwork)));
        if (WithoutOptionsAndLeaseData.Contains(backend))
        {
            Assert.DoesNotContain(types, type => type.Name == $"{backend}BackendOptions" || type.Name == $"{backend}LeaseData");
        }
        else
        {
            Assert.False(Find($"{backend}LeaseData").IsVisible);
            Type options = Find($"{backend}BackendOptions");
            Assert.True(options is { IsPublic: true, IsSealed: true });
            Assert.True(Internal($"{backend}BackendOptionsValidator").IsAssignableTo(typeof(IValidateOptions<>).MakeGenericType(options)));
        }

        Assert.All(Find($"{backend}FlannelBuilderExtensions").GetMethods(BindingFlags.Public | BindingFlags.Static), use =>
        {
            Assert.Equal($"Use{backend}", use.Name);
            Assert.Equal(typeof(IFlannelBuilder), use.GetParameters()[0].ParameterType);
            Assert.Equal(typeof(IFlannelBuilder), use.ReturnType);
        });
        static bool IsMechanism(Type type) =>
            type.BaseType is { IsGenericType: true } parent && parent.GetGenericTypeDefinition() == typeof(KernelMechanism<,>);

        Type Find(string name) => Assert.Single(types, type => type.Name == name);

        Type Internal(string name)
        {
            Type type = Find(name);
            Assert.True(type is { IsVisible: false, IsSealed: true }, $"{name} must be internal sealed");
            return type;
        }
    }

    [Fact]
    public void PublicClasses_AreSealedExceptExceptions()
    {
        foreach (Type type in SourceTree.Packages.SelectMany(package => SourceTree.AssemblyOf(package).GetExportedTypes())
            .Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false }))
        {
            Assert.True(type.IsAssignableTo(typeof(Exception)), $"{type} is public and not sealed");
        }
    }
}
