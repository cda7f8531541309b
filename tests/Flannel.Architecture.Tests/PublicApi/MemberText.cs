using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Flannel.Architecture.Tests.PublicApi;

/// <summary>Members as C# writes them.</summary>
internal static class MemberText
{
    private static readonly NullabilityInfoContext Nullability = new();

    public static string Of(FieldInfo field)
    {
        string type = TypeText.Of(field.FieldType, Nullability.Create(field));
        string visibility = field.IsPublic ? "" : "protected ";
        return field switch
        {
            { IsLiteral: true } => $"{visibility}const {type} {field.Name} = {Literal(field.GetRawConstantValue())}",
            { IsStatic: true, IsInitOnly: true } => $"{visibility}static readonly {type} {field.Name}",
            { IsStatic: true } => $"{visibility}static {type} {field.Name}",
            { IsInitOnly: true } => $"{visibility}readonly {type} {field.Name}",
            _ => $"{visibility}{type} {field.Name}",
        };
    }

    public static string Of(ConstructorInfo constructor) =>
        $"{Visibility(constructor)}{constructor.DeclaringType!.Name.Split('`')[0]}({Parameters(constructor)})";

    public static string Of(PropertyInfo property)
    {
        MethodInfo[] accessors = property.GetAccessors(nonPublic: true);
        MethodInfo first = accessors.First(ApiText.IsVisible);
        ParameterInfo[] index = property.GetIndexParameters();
        string name = index.Length == 0 ? property.Name : "this[" + string.Join(", ", index.Select(Parameter)) + "]";
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        string reference = property.PropertyType.IsByRef ? (property.GetMethod!.ReturnParameter.IsDefined(typeof(IsReadOnlyAttribute)) ? "ref readonly " : "ref ") : "";
        string body = string.Concat(accessors.Where(ApiText.IsVisible).OrderBy(accessor => accessor.ReturnType == typeof(void)).Select(accessor => " " + Accessor(accessor, first)));
        return $"{Visibility(first)}{Modifiers(first)}{required}{reference}{TypeText.Of(property.PropertyType, Nullability.Create(property))} {name} {{{body} }}";
    }

    public static string Of(EventInfo @event) =>
        $"{Visibility(@event.AddMethod!)}{Modifiers(@event.AddMethod!)}event {TypeText.Of(@event.EventHandlerType!, Nullability.Create(@event))} {@event.Name}";

    public static string Of(MethodInfo method)
    {
        Type[] generic = method.GetGenericArguments();
        string arguments = generic.Length == 0 ? "" : "<" + string.Join(", ", generic.Select(type => type.Name)) + ">";
        string self = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return $"{Visibility(method)}{Modifiers(method)}{ReturnOf(method)} {method.Name}{arguments}({self}{Parameters(method)}){TypeText.Constraints(generic)}";
    }

    public static string ReturnOf(MethodInfo method)
    {
        string reference = method.ReturnType.IsByRef ? (method.ReturnParameter.IsDefined(typeof(IsReadOnlyAttribute)) ? "ref readonly " : "ref ") : "";
        return reference + TypeText.Of(method.ReturnType, Nullability.Create(method.ReturnParameter));
    }

    public static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string prefix = parameter switch
        {
            { ParameterType.IsByRef: true, IsOut: true } => "out ",
            { ParameterType.IsByRef: true } when parameter.IsDefined(typeof(IsReadOnlyAttribute)) => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) => "params ",
            _ => "",
        };
        string scoped = parameter.IsDefined(typeof(ScopedRefAttribute)) && !parameter.IsOut ? "scoped " : "";
        string suffix = parameter.HasDefaultValue ? " = " + Default(parameter) : "";
        return scoped + prefix + TypeText.Of(parameter.ParameterType, Nullability.Create(parameter)) + " " + parameter.Name + suffix;
    }

    private static string Accessor(MethodInfo accessor, MethodInfo first)
    {
        bool setter = accessor.ReturnType == typeof(void);
        bool init = setter && accessor.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
        string visibility = Visibility(accessor) == Visibility(first) ? "" : Visibility(accessor);
        return visibility + (init ? "init;" : setter ? "set;" : "get;");
    }

    private static string Visibility(MethodBase method) => method.IsPublic || method.DeclaringType!.IsInterface ? "" : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType!.IsInterface)
            return (method.IsStatic ? "static " : "") + (method.IsAbstract ? "" : "virtual ");
        if (method.IsStatic)
            return "static ";
        string readOnly = method.DeclaringType.IsValueType && !method.DeclaringType.IsDefined(typeof(IsReadOnlyAttribute)) && method.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "";
        if (method.GetBaseDefinition() != method)
            return readOnly + (method.IsFinal ? "sealed override " : "override ");
        if (method.IsAbstract)
            return "abstract ";
        return readOnly + (method.IsVirtual && !method.IsFinal ? "virtual " : "");
    }

    private static string Default(ParameterInfo parameter) =>
        parameter.RawDefaultValue is null && parameter.ParameterType.IsValueType && Nullable.GetUnderlyingType(parameter.ParameterType) is null
            ? "default"
            : parameter.ParameterType.IsEnum ? $"{parameter.ParameterType.Name}.{Enum.ToObject(parameter.ParameterType, parameter.RawDefaultValue!)}" : Literal(parameter.RawDefaultValue);

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
