using System.Net;
using System.Reflection;

namespace Flannel.Core.Tests.Diagnostics;

/// <summary>Who implements a seam can raise what its members are documented to raise.</summary>
public class ExceptionTests
{
    public static TheoryData<Type> Exceptions =>
        [.. typeof(FlannelException).Assembly.GetExportedTypes().Where(type => type.IsAssignableTo(typeof(FlannelException)))];

    [Theory]
    [MemberData(nameof(Exceptions))]
    public void EveryException_CanBeMadeOutside(Type type)
    {
        BindingFlags all = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
        Assert.Contains(type.GetConstructors(all), constructor => type.IsAbstract ? constructor.IsFamily : constructor.IsPublic);
    }

    [Fact]
    public void StoreException_WithoutAKind_IsUnspecified()
    {
        var error = new StoreException("gone", isTransient: true);

        Assert.Equal(StoreErrorKind.Unspecified, error.Kind);
        Assert.Equal(StoreErrorKind.Tls, new StoreException("gone", isTransient: false) { Kind = StoreErrorKind.Tls }.Kind);
    }

    [Fact]
    public void LeaseExceptions_MadeOutside_CarryWhatTheyAreAbout()
    {
        var key = SubnetKey.Parse("10.5.3.0-24");
        var cause = new InvalidOperationException();
        var lost = new LeaseLostException(key, "lost", isTransient: true, cause);
        var duplicate = new DuplicatePublicAddressException(key, IPAddress.Loopback, "twice", cause);
        var full = new SubnetPoolExhaustedException(IPNetwork.Parse("10.5.0.0/16"), "full", cause);

        Assert.Equal((key, true, cause), (lost.Key, lost.IsTransient, lost.InnerException));
        Assert.Equal((key, IPAddress.Loopback, cause), (duplicate.Key, duplicate.Address, duplicate.InnerException));
        Assert.Equal((IPNetwork.Parse("10.5.0.0/16"), cause), (full.Network, full.InnerException));
    }

    [Fact]
    public void MissingCapabilityException_NamesAllThatAreMissing()
    {
        var error = new MissingCapabilityException(["CAP_NET_ADMIN", "CAP_SYS_ADMIN"], "Changing the network namespace 'a'");

        Assert.Contains("CAP_NET_ADMIN and CAP_SYS_ADMIN", error.Message, StringComparison.Ordinal);
        Assert.Contains("--cap-add NET_ADMIN --cap-add SYS_ADMIN", error.Message, StringComparison.Ordinal);
    }
}
