using System.Reflection;
using System.Runtime.CompilerServices;

namespace Flannel.Architecture.Tests.PublicApi;

/// <summary>Types as C# writes them.</summary>
internal static class TypeText
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(nint)] = "nint",
        [typeof(nuint)] = "nuint",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
        [typeof(decimal)] = "decimal",
        [typeof(char)] = "char",
        [typeof(string)] = "string",
        [typeof(object)] = "object",
    };

    public static bool IsDelegate(Type type) => type.BaseType == typeof(MulticastDelegate);

    public static string Declaration(Type type)
    {
        if (IsDelegate(type))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {MemberText.ReturnOf(invoke)} {NameWithParameters(type)}({MemberText.Parameters(invoke)}){Constraints(type.GetGenericArguments())}";
        }

        string visibility = type.IsNestedFamily ? "protected " : "";
        string[] bases = [.. Bases(type)];
        return visibility + Kind(type) + " " + NameWithParameters(type) + (bases.Length == 0 ? "" : " : " + string.Join(", ", bases)) + Constraints(type.GetGenericArguments());
    }

    /// <summary>A type where it is used. <paramref name="nullability"/> says which parts of it may be null, if known.</summary>
    public static string Of(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
            return Of(type.GetElementType()!, nullability?.ElementType ?? nullability);
        if (type.IsPointer)
            return Of(type.GetElementType()!) + "*";
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying) + "?";

        string mark = !type.IsValueType && nullability is { ReadState: NullabilityState.Nullable } ? "?" : "";
        if (type.IsArray)
            return Of(type.GetElementType()!, nullability?.ElementType) + "[" + new string(',', type.GetArrayRank() - 1) + "]" + mark;
        if (Keywords.TryGetValue(type, out string? keyword))
            return keyword + mark;
        // Without a class constraint, T and T? look alike to reflection.
        if (type.IsGenericParameter)
            return type.Name + (type.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) ? mark : "");
        return Qualified(type, nullability) + mark;
    }

    public static string Constraints(Type[] parameters) => string.Concat(parameters.Select(Constraint));

    private static string Qualified(Type type, NullabilityInfo? nullability)
    {
        string name = Bare(type.Name);
        if (type.IsGenericType)
        {
            Type[] arguments = type.GetGenericArguments();
            // The arguments of an outer generic type come first in the list of a nested one.
            int own = type.Name.Contains('`', StringComparison.Ordinal) ? int.Parse(type.Name.AsSpan(type.Name.IndexOf('`', StringComparison.Ordinal) + 1), provider: null) : 0;
            IEnumerable<string> written = arguments
                .Select((argument, index) => Of(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(index)))
                .Skip(arguments.Length - own);
            if (own > 0)
                name += "<" + string.Join(", ", written) + ">";
        }

        return type.IsNested ? Bare(type.DeclaringType!.Name) + "." + name : name;
    }

    private static string Bare(string name) => name.Split('`')[0];

    private static string NameWithParameters(Type type)
    {
        string name = Bare(type.Name);
        Type[] parameters = type.GetGenericArguments();
        return parameters.Length == 0 ? name : name + "<" + string.Join(", ", parameters.Select(Parameter)) + ">";
    }

    private static string Parameter(Type parameter) => (parameter.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
    {
        GenericParameterAttributes.Covariant => "out " + parameter.Name,
        GenericParameterAttributes.Contravariant => "in " + parameter.Name,
        _ => parameter.Name,
    };

    private static string Kind(Type type)
    {
        if (type.IsEnum)
            return type.IsDefined(typeof(FlagsAttribute)) ? "[Flags] enum" : "enum";
        if (type.IsInterface)
            return "interface";
        if (type.IsValueType)
        {
            return (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + (IsRecord(type) ? "record " : "") + "struct";
        }

        string kind = IsRecord(type) ? "record" : "class";
        return (type.IsAbstract, type.IsSealed) switch
        {
            (true, true) => "static " + kind,
            (true, false) => "abstract " + kind,
            (false, true) => "sealed " + kind,
            _ => kind,
        };
    }

    private static bool IsRecord(Type type) =>
        type.GetMethod(type.IsValueType ? "PrintMembers" : "<Clone>$", BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) is not null;

    private static IEnumerable<string> Bases(Type type)
    {
        if (type.IsEnum && Enum.GetUnderlyingType(type) is { } underlying && underlying != typeof(int))
            yield return Of(underlying);
        if (type.IsEnum)
            yield break;
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
            yield return Of(parent);

        // A record's own IEquatable<T> goes without saying.
        IEnumerable<Type> inherited = type.GetInterfaces().SelectMany(implemented => implemented.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []);
        Type self = typeof(IEquatable<>).MakeGenericType(type.IsGenericTypeDefinition || type.IsByRefLike ? typeof(object) : type);
        foreach (string name in type.GetInterfaces().Except(inherited).Where(implemented => implemented.IsVisible && !(IsRecord(type) && implemented == self)).Select(implemented => Of(implemented)).Order(StringComparer.Ordinal))
            yield return name;
    }

    private static string Constraint(Type parameter)
    {
        GenericParameterAttributes attributes = parameter.GenericParameterAttributes;
        var parts = new List<string>();
        bool isStruct = attributes.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        if (isStruct)
            parts.Add(parameter.IsDefined(typeof(IsUnmanagedAttribute)) ? "unmanaged" : "struct");
        else if (attributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
            parts.Add("class");
        else if (parameter.CustomAttributes.Any(IsNotNull))
            parts.Add("notnull");
        parts.AddRange(parameter.GetGenericParameterConstraints().Where(type => type != typeof(ValueType)).Select(type => Of(type)).Order(StringComparer.Ordinal));
        if (attributes.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct)
            parts.Add("new()");
        if (attributes.HasFlag(GenericParameterAttributes.AllowByRefLike))
            parts.Add("allows ref struct");
        return parts.Count == 0 ? "" : $" where {parameter.Name} : {string.Join(", ", parts)}";
    }

    private static bool IsNotNull(CustomAttributeData attribute) =>
        attribute.AttributeType.Name == "NullableAttribute" && attribute.ConstructorArguments is [{ Value: (byte)1 }];
}
