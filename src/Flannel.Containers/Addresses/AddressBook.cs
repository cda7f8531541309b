using System.Net;

namespace Flannel.Containers.Addresses;

/// <summary>Who has which address. This one keeps it in memory; <see cref="AddressDirectory"/> on disk.</summary>
internal class AddressBook
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, IPAddress> _last = [];

    protected Dictionary<IPAddress, Owner> Owners { get; } = [];

    /// <summary>
    /// Reserves one address of each range. What the owner has already is kept where it is what is wanted, and given back where it is not.
    /// </summary>
    /// <exception cref="ContainerNetworkException">
    /// An address is taken or outside, all are taken, or the directory cannot be written; nothing is changed then.
    /// </exception>
    public Reservation Reserve(Owner owner, IReadOnlyList<AddressRange> ranges, IReadOnlyList<IPAddress> requested)
    {
        lock (_lock)
        {
            using IDisposable? held = Enter();
            return Reserve_NeedsLock(owner, ranges, requested);
        }
    }

    /// <summary>
    /// Waits until a reservation would outlive the machine. It may be done beside the kernel's work, which does not outlive the machine anyway: what
    /// counts is that it is done before anybody is told of the address.
    /// </summary>
    /// <exception cref="ContainerNetworkException">The disk refused.</exception>
    public void Settle(Reservation reservation)
    {
        foreach (IPAddress address in reservation.New) Settle(address);
    }

    /// <summary>Gives addresses back; those of others stay.</summary>
    public void Release(Owner owner, IReadOnlyCollection<IPAddress>? only = null)
    {
        lock (_lock)
        {
            using IDisposable? held = Enter();
            foreach (IPAddress address in AddressesOf(owner))
            {
                if (only?.Contains(address) != false) Remove_NeedsLock(address, owner);
            }

            Leave();
        }
    }

    /// <summary>The addresses of an owner, IPv4 first.</summary>
    public IReadOnlyList<IPAddress> Find(Owner owner)
    {
        lock (_lock)
        {
            using IDisposable? held = Enter();
            return AddressesOf(owner);
        }
    }

    /// <summary>All addresses.</summary>
    public IReadOnlyDictionary<IPAddress, Owner> List()
    {
        lock (_lock)
        {
            using IDisposable? held = Enter();
            return new Dictionary<IPAddress, Owner>(Owners);
        }
    }

    /// <summary>Keeps other processes out, and learns what they did.</summary>
    protected virtual IDisposable? Enter() => null;

    /// <summary>Remembers that what is on disk is known.</summary>
    protected virtual void Leave()
    {
    }

    /// <returns>False when somebody else has it after all.</returns>
    protected virtual bool Write(IPAddress address, Owner owner) => true;

    protected virtual void Delete(IPAddress address, Owner owner)
    {
    }

    /// <summary>Makes sure that a reservation outlives the machine.</summary>
    protected virtual void Settle(IPAddress address)
    {
    }

    protected virtual IPAddress? ReadLast(int range) => _last.GetValueOrDefault($"{range}");

    protected virtual void WriteLast(int range, IPAddress address) => _last[$"{range}"] = address;

    private Reservation Reserve_NeedsLock(Owner owner, IReadOnlyList<AddressRange> ranges, IReadOnlyList<IPAddress> requested)
    {
        List<IPAddress> had = AddressesOf(owner), wanted = [], made = [];
        try
        {
            for (int i = 0; i < ranges.Count; i++)
            {
                AddressRange range = ranges[i];
                IPAddress? request = requested.FirstOrDefault(address => address.AddressFamily == range.Subnet.BaseAddress.AddressFamily);
                IPAddress? kept = had.Find(address => range.Contains(address) && (request is null || address.Equals(request)));
                if (kept is null) made.Add(kept = Take_NeedsLock(owner, i, range, request));
                wanted.Add(kept);
            }
        }
        catch
        {
            foreach (IPAddress address in made) Remove_NeedsLock(address, owner);
            Leave();
            throw;
        }

        foreach (IPAddress address in had.Except(wanted)) Remove_NeedsLock(address, owner);
        Leave();
        return new Reservation(wanted, made);
    }

    private IPAddress Take_NeedsLock(Owner owner, int index, AddressRange range, IPAddress? request)
    {
        if (request is not null)
        {
            if (!range.Contains(request))
            {
                throw new ContainerNetworkException(
                    ContainerNetworkError.AddressOutside,
                    $"{owner} asks for {request}, which is none that containers in {range.Subnet} may have. Ask for another one, or for none.");
            }

            if (Owners.TryGetValue(request, out Owner other) || !Write(request, owner))
            {
                throw new ContainerNetworkException(
                    ContainerNetworkError.AddressTaken,
                    $"{owner} asks for {request}, which {(other == default ? "another container" : other)} has. Ask for another one, or for none.");
            }

            Owners[request] = owner;
            return request;
        }

        foreach (IPAddress address in range.From(ReadLast(index)))
        {
            if (Owners.ContainsKey(address) || !Write(address, owner)) continue;
            Owners[address] = owner;
            WriteLast(index, address);
            return address;
        }

        throw new ContainerNetworkException(
            ContainerNetworkError.PoolEmpty,
            $"{owner} gets no address: all of {range.Subnet} are taken. Detach containers, or collect the garbage of those that are gone.");
    }

    private void Remove_NeedsLock(IPAddress address, Owner owner)
    {
        Delete(address, owner);
        Owners.Remove(address);
    }

    private List<IPAddress> AddressesOf(Owner owner) =>
        [.. Owners.Where(entry => entry.Value == owner).Select(static entry => entry.Key).OrderBy(static address => address.AddressFamily)];
}
