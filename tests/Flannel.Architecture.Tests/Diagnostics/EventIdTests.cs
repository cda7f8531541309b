using System.Reflection;
using Flannel.Architecture.Tests.Tree;
using Microsoft.Extensions.Logging;

namespace Flannel.Architecture.Tests.Diagnostics;

/// <summary>An event id names one message in all packages, and tells the package it comes from.</summary>
public sealed class EventIdTests
{
    private const BindingFlags Any =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<string, (int First, int Last)> Blocks = new()
    {
        ["Flannel.Core"] = (1000, 1999),
        ["Flannel.Store.Etcd"] = (2000, 2499),
        ["Flannel.Netlink"] = (3000, 3499),
        ["Flannel.Linux"] = (3500, 3999),
        ["Flannel.Backends.Vxlan"] = (4000, 4999),
        ["Flannel.Backends.Udp"] = (5000, 5999),
        ["Flannel.Backends.HostGateway"] = (6000, 6999),
        ["Flannel.Store.Kubernetes"] = (7000, 7999),
        ["Flannel.Containers"] = (8000, 8999),
    };

    private static readonly (Assembly Assembly, MethodInfo Method, LoggerMessageAttribute Message)[] Messages =
        [.. from package in SourceTree.Packages
            let assembly = SourceTree.AssemblyOf(package)
            from type in assembly.GetTypes()
            from method in type.GetMethods(Any)
            let message = method.GetCustomAttribute<LoggerMessageAttribute>()
            where message is not null
            select (assembly, method, message)];

    [Fact]
    public void EventIds_AreUniqueOverAllPackages()
    {
        foreach (var id in Messages.GroupBy(entry => entry.Message.EventId, entry => $"{entry.Method.DeclaringType}.{entry.Method.Name}"))
            Assert.True(id.Count() == 1, $"event id {id.Key} is used by {string.Join(" and ", id)}");
    }

    [Fact]
    public void EventIds_AreInTheBlockOfTheirPackage()
    {
        foreach ((Assembly assembly, MethodInfo method, LoggerMessageAttribute message) in Messages)
        {
            (int first, int last) = Blocks[assembly.GetName().Name!];
            Assert.True(
                message.EventId >= first && message.EventId <= last,
                $"{method.DeclaringType}.{method.Name} has event id {message.EventId}, outside {first} to {last}");
        }
    }

    [Fact]
    public void EventIds_AreTheConstantsOfTheirPackage()
    {
        foreach (IGrouping<Assembly, int> used in Messages.GroupBy(entry => entry.Assembly, entry => entry.Message.EventId))
        {
            Type constants = Assert.Single(used.Key.GetTypes(), type => type.Name == "FlannelEventIds");
            Assert.Equal("Diagnostics", constants.Namespace!.Split('.')[^1]);
            IEnumerable<int> declared = constants.GetFields(Any).Where(field => field.IsLiteral).Select(field => (int)field.GetRawConstantValue()!);
            Assert.Equal(declared.Order(), used.Order());
        }
    }

    [Fact]
    public void Messages_HaveALevelAndAText() => Assert.All(Messages, entry =>
    {
        bool hasLevelParameter = entry.Method.GetParameters().Any(parameter => parameter.ParameterType == typeof(LogLevel));
        Assert.True(hasLevelParameter || entry.Message.Level != LogLevel.None, $"{entry.Method.Name} has no level");
        Assert.False(string.IsNullOrWhiteSpace(entry.Message.Message), $"{entry.Method.Name} has no text");
    });

    [Fact]
    public void LogMethods_AreInLogFiles()
    {
        foreach (string file in SourceTree.Files("*.cs", "src")
            .Where(file => File.ReadAllText(file).Contains("[LoggerMessage(", StringComparison.Ordinal)))
        {
            Assert.EndsWith("Log.cs", file, StringComparison.Ordinal);
        }
    }
}
