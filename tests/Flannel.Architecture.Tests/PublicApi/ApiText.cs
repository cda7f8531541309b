using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Flannel.Architecture.Tests.PublicApi;

/// <summary>Writes what other assemblies can see of an assembly as C#-like text, in an order that does not depend on the compiler.</summary>
internal static class ApiText
{
    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (IGrouping<string?, Type> space in assembly.GetExportedTypes().Where(type => !type.IsNested).GroupBy(type => type.Namespace).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append("namespace ").Append(space.Key).Append('\n');
            foreach (Type type in space.OrderBy(type => type.Name, StringComparer.Ordinal))
                Append(text.Append('\n'), type, "");
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Type type, string indent)
    {
        text.Append(indent).Append(TypeText.Declaration(type)).Append('\n');
        if (TypeText.IsDelegate(type))
            return;

        string inner = indent + "    ";
        foreach (string member in Members(type))
            text.Append(inner).Append(member).Append('\n');

        const BindingFlags Nested = BindingFlags.Public | BindingFlags.NonPublic;
        foreach (Type nested in type.GetNestedTypes(Nested).Where(nested => (nested.IsNestedPublic || nested.IsNestedFamily) && !nested.Name.Contains('<')).OrderBy(nested => nested.Name, StringComparer.Ordinal))
            Append(text, nested, inner);
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), null)}");

        const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        return type.GetMembers(Declared)
            .Where(member => !member.IsDefined(typeof(CompilerGeneratedAttribute)) && !member.Name.Contains('<'))
            .Select(member => (member.Name, Entry: Entry(member)))
            .Where(member => member.Entry.Text.Length > 0)
            .OrderBy(member => member.Entry.Rank)
            .ThenBy(member => member.Name, StringComparer.Ordinal)
            .ThenBy(member => member.Entry.Text, StringComparer.Ordinal)
            .Select(member => member.Entry.Text);
    }

    private static (int Rank, string Text) Entry(MemberInfo member) => member switch
    {
        FieldInfo field when IsVisible(field) => (0, MemberText.Of(field)),
        ConstructorInfo constructor when IsVisible(constructor) && !constructor.IsStatic => (1, MemberText.Of(constructor)),
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsVisible) => (2, MemberText.Of(property)),
        EventInfo @event when IsVisible(@event.AddMethod!) => (3, MemberText.Of(@event)),
        MethodInfo method when IsVisible(method) && !IsAccessor(method) => (4, MemberText.Of(method)),
        _ => (0, ""),
    };

    private static bool IsVisible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;

    public static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);
}
