using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Reflection;
using Flannel.Architecture.Tests.Docs;
using Flannel.Architecture.Tests.Tree;

namespace Flannel.Architecture.Tests.Diagnostics;

public sealed class TelemetryTests
{
    private const BindingFlags Any =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Type[] Types = [.. SourceTree.Packages.SelectMany(package => SourceTree.AssemblyOf(package).GetTypes())];

    // Instruments, activities and tags.
    private static readonly FieldInfo[] Names = [.. Types
        .Where(type => type.Name.EndsWith("Telemetry", StringComparison.Ordinal))
        .SelectMany(type => type.GetFields(Any))
        .Where(constant => constant.IsLiteral && constant.FieldType == typeof(string) && constant.Name is not ("MeterName" or "ActivitySourceName"))];

    [Fact]
    public void MeterNames_AreTheAssemblys()
    {
        foreach (FieldInfo field in Types.SelectMany(type => type.GetFields(Any))
            .Where(field => field is { IsLiteral: true, Name: "MeterName" or "ActivitySourceName" }))
        {
            Assert.Equal(field.DeclaringType!.Assembly.GetName().Name, field.GetRawConstantValue());
        }
    }

    [Fact]
    public void InstrumentNames_AreDottedLowerCaseAndUnique()
    {
        string[] names = [.. Names.Select(Value)];

        Assert.All(names, name => Assert.Matches(@"^flannel(\.[a-z][a-z0-9_]*)+$", name));
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void MetersAndSources_AreStaticInOnePlaceOfAPackage() => Assert.All(
        Types.SelectMany(type => type.GetFields(Any))
            .Where(field => field.IsStatic && (field.FieldType == typeof(Meter) || field.FieldType == typeof(ActivitySource))),
        field => Assert.True(field is { IsInitOnly: true, DeclaringType.Name: "Instrumentation" }, $"{field.DeclaringType}.{field.Name} is " +
            "static: ask Instrumentation"));

    [Fact]
    public void MetersAndTheirTables_AreTheSame() =>
        Assert.Equal(Constants("MeterName").Order(StringComparer.Ordinal), MetricsPage.Read().Meters.Order(StringComparer.Ordinal));

    [Fact]
    public void Instruments_AreAllOnThePage()
    {
        var page = MetricsPage.Read();
        IEnumerable<string> onPage = page.Meters.SelectMany(page.InstrumentsOf).Select(instrument => instrument.Name);
        string[] names = [.. Names.Where(field => !IsTag(field) && !IsActivity(field)).Select(Value)];

        Assert.Equal(names.Order(StringComparer.Ordinal), onPage.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tags_AreAllOnThePage()
    {
        string page = SourceTree.Read("docs/metrics.md");
        Assert.All(Names.Where(IsTag), tag => Assert.Contains($"`{Value(tag)}`", page, StringComparison.Ordinal));
        Assert.All(
            MetricsPage.Read().Tags.Where(tag => tag.StartsWith("flannel.", StringComparison.Ordinal)),
            tag => Assert.Contains(tag, Names.Where(IsTag).Select(Value)));
    }

    [Fact]
    public void Activities_AreAllOnThePage()
    {
        var page = MetricsPage.Read();
        string[] core = [.. Names.Where(field => IsActivity(field) && !field.Name.EndsWith("Prefix", StringComparison.Ordinal)).Select(Value)];
        string[] onPage = page.ActivitiesOf("Flannel.Core").Split(' ');

        Assert.Equal(core.Order(StringComparer.Ordinal), onPage.Where(name => name[0] != '.' && name != "flannel.store.list"));
        Assert.All(Constants("ActivitySourceName"), source => Assert.NotEmpty(page.ActivitiesOf(source)));
    }

    [Fact]
    public void StaticFields_NeverChange() => Assert.All(
        Types.Where(type => !type.FullName!.Contains('<') && !IsGenerated(type))
            .SelectMany(type => type.GetFields(Any))
            .Where(field => field.IsStatic && !field.Name.Contains('<')),
        field => Assert.True(field.IsLiteral || field.IsInitOnly, $"{field.DeclaringType}.{field.Name} is static and mutable: two nodes in one " +
            "process would share it"));

    private static IEnumerable<string> Constants(string name) =>
        Types.SelectMany(type => type.GetFields(Any)).Where(field => field.IsLiteral && field.Name == name).Select(Value);

    private static bool IsTag(FieldInfo field) => field.Name.EndsWith("Tag", StringComparison.Ordinal);

    private static bool IsActivity(FieldInfo field) => field.Name.Contains("Activity", StringComparison.Ordinal);

    private static string Value(FieldInfo field) => (string)field.GetRawConstantValue()!;

    private static bool IsGenerated(Type type) =>
        type.IsDefined(typeof(System.CodeDom.Compiler.GeneratedCodeAttribute)) || IsProtobuf(type)
            || type.IsAssignableTo(typeof(System.Text.Json.Serialization.JsonSerializerContext))
            || (type.DeclaringType is { } outer && IsGenerated(outer));

    // The protocol compiler marks the members of its types, not the types.
    private static bool IsProtobuf(Type type) => type.Namespace?.EndsWith(".Protocol", StringComparison.Ordinal) == true;
}
