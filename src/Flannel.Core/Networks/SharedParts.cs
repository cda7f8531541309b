namespace Flannel.Extensibility;

/// <summary>
/// What the parts of several networks share, such as connections to one cluster. There is one of these in the services, whether networks are composed
/// at the start or made later: <c>provider.GetRequiredService&lt;SharedParts&gt;().Get(static provider =&gt; new Connections(…))</c>.
/// </summary>
public sealed class SharedParts
{
    private readonly IServiceProvider _services;
    private readonly Lock _gate = new();
    private readonly Dictionary<Type, object> _parts = [];

    internal SharedParts(IServiceProvider services) => _services = services;

    /// <summary>The object of a type, which is made when it is asked for first.</summary>
    /// <param name="create">Makes it from the services of the process.</param>
    /// <typeparam name="TPart">Its type. It is not disposed of: it counts its users, and closes what the last one leaves.</typeparam>
    public TPart Get<TPart>(Func<IServiceProvider, TPart> create)
        where TPart : class
    {
        ArgumentNullException.ThrowIfNull(create);
        lock (_gate)
        {
            if (_parts.TryGetValue(typeof(TPart), out object? known)) return (TPart)known;
            TPart made = create(_services);
            _parts.Add(typeof(TPart), made);
            return made;
        }
    }
}
