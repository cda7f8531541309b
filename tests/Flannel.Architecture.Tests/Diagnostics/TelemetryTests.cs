using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Diagnostics;

public sealed class TelemetryTests
{
    private const BindingFlags Any = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Type[] Types = [.. SourceTree.Packages.SelectMany(package => SourceTree.AssemblyOf(package).GetTypes())];

    [Fact]
    public void MeterNames_AreTheAssemblys()
    {
        foreach (FieldInfo field in Types.SelectMany(type => type.GetFields(Any)).Where(field => field is { IsLiteral: true, Name: "MeterName" or "ActivitySourceName" }))
            Assert.Equal(field.DeclaringType!.Assembly.GetName().Name, field.GetRawConstantValue());
    }

    [Fact]
    public void InstrumentNames_AreDottedLowerCaseAndUnique()
    {
        string[] names = [.. Types
            .Where(type => type.Name.EndsWith("Telemetry", StringComparison.Ordinal))
            .SelectMany(type => type.GetFields(Any))
            .Where(field => field.IsLiteral && field.FieldType == typeof(string) && field.Name is not ("MeterName" or "ActivitySourceName"))
            .Select(field => (string)field.GetRawConstantValue()!)];

        Assert.All(names, name => Assert.Matches(@"^flannel(\.[a-z][a-z0-9_]*)+$", name));
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void MetersAndSources_AreNotStatic() => Assert.All(
        Types.SelectMany(type => type.GetFields(Any)).Where(field => field.IsStatic),
        field => Assert.False(field.FieldType == typeof(Meter) || field.FieldType == typeof(ActivitySource), $"{field.DeclaringType}.{field.Name} is static: take an IMeterFactory"));

    [Fact]
    public void StaticFields_NeverChange() => Assert.All(
        Types.Where(type => !type.FullName!.Contains('<') && !IsGenerated(type))
            .SelectMany(type => type.GetFields(Any))
            .Where(field => field.IsStatic && !field.Name.Contains('<')),
        field => Assert.True(field.IsLiteral || field.IsInitOnly, $"{field.DeclaringType}.{field.Name} is static and mutable: two nodes in one process would share it"));

    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute)) || IsProtobuf(type) || type.IsAssignableTo(typeof(System.Text.Json.Serialization.JsonSerializerContext)) || (type.DeclaringType is { } outer && IsGenerated(outer));

    // The protocol compiler marks the members of its types, not the types.
    private static bool IsProtobuf(Type type) => type.Namespace?.EndsWith(".Protocol", StringComparison.Ordinal) == true;
}
