using Flannel.Linux.Guard;
using Flannel.Netlink;
using Flannel.Netlink.Netfilter;
using Flannel.Netlink.Netfilter.Rules;
using Flannel.Netlink.Netfilter.Sets;
using Flannel.Netlink.Netfilter.Tables;

namespace Flannel.Extensibility;

/// <content>What is written to the kernel, each time in one transaction, and how it is compared with what is there.</content>
public sealed partial class TunnelGuard
{
    /// <summary>
    /// Writes what is not written yet: as a rule some elements, the whole table where rules change or where it is not known what is there.
    /// </summary>
    private void Write_NeedsLock()
    {
        if (!Listen_NeedsLock(out bool isReleased, out long said)) return;
        bool isWhole = _table is null
            || _members.LargestSet > _table.Capacity // with what the same transaction takes away, which the kernel counts until its end
            || _members.Missing.Any(member => member.Length > 0 && !_table.HasSetFor(member.Length));
        if (isWhole) WriteWhole_NeedsLock(isReleased || _members.Surplus.Count == 0 ? _members.Wanted : [.. _members.Wanted, .. _members.Surplus]);
        else WriteChanges_NeedsLock(_table!, _members.Missing, isReleased ? _members.Surplus : []);
        _members.Settle(isSurplusGone: isReleased);
        lock (_gate) _lastWritten = said;
    }

    private void WriteChanges_NeedsLock(GuardTable table, IReadOnlyCollection<GuardMember> missing, IReadOnlyCollection<GuardMember> surplus)
    {
        GuardElements[] added = [.. GuardElements.Of(missing, table)];
        GuardElements[] deleted = [.. GuardElements.Of(surplus, table)];
        if (added.Length == 0 && deleted.Length == 0) return; // without a request there is no transaction, and no generation
        var batch = new NftablesBatch();
        foreach (GuardElements elements in added) batch.AddElements(elements.Set, elements);
        foreach (GuardElements elements in deleted) batch.DeleteElements(elements.Set, elements);
        Execute_NeedsLock(batch, isWhole: false);
    }

    /// <summary>Works off what callers have said.</summary>
    /// <param name="isReleased">Whether no entry leads any more to peers that left.</param>
    /// <param name="last">The number of what was said last.</param>
    /// <returns>Whether the peers are known.</returns>
    private bool Listen_NeedsLock(out bool isReleased, out long last)
    {
        Action<GuardMembers>[] said;
        bool isKnown;
        lock (_gate)
        {
            said = [.. _said];
            _said.Clear();
            (isKnown, isReleased, last) = (_isKnown, _isReleased, _lastSaid);
        }

        foreach (Action<GuardMembers> change in said) change(_members);
        return isKnown;
    }

    /// <summary>
    /// Puts the table in the place of whatever has its name. Packets meet the one or the other. A kernel without chains at devices, or without the
    /// device, gets it in another form, and so does one whose filter cannot ask for routes.
    /// </summary>
    private void WriteWhole_NeedsLock(IReadOnlyCollection<GuardMember> members)
    {
        (bool IsAtDevice, bool KnowsInterfaces)[] forms =
            _tunnel.Device is null ? [(false, true), (false, false)] : [(true, true), (false, true), (true, false), (false, false)];
        foreach (var (isAtDevice, knowsInterfaces) in forms)
        {
            try
            {
                WriteWhole_NeedsLock(members, isAtDevice, knowsInterfaces);
                return;
            }
            catch (NetlinkException refusal) when ((isAtDevice || knowsInterfaces) && (refusal.IsNotSupported || refusal.IsNotFound))
            {
                // The next form asks for less.
            }
        }
    }

    private void WriteWhole_NeedsLock(IReadOnlyCollection<GuardMember> members, bool isAtDevice, bool knowsInterfaces)
    {
        int[] lengths = [.. members.Select(static member => member.Length).Distinct()];
        var table = new GuardTable(_name, _tunnel, _options, _family, _ownSubnet, lengths, _members.LargestSet, isAtDevice, knowsInterfaces);
        var batch = new NftablesBatch();
        foreach (NftTable left in FindTables_NeedsLock([_name, .. _formerNames]))
        {
            if (left.Name != _name || !table.Families.Contains(left.Family)) batch.DeleteTable(left.Family, left.Name);
        }

        foreach (NftTable one in table.Tables) batch.ReplaceTable(one);
        foreach (NftCounter counter in table.Counters) batch.AddCounter(counter);
        foreach (NftSet set in table.Sets) batch.AddSet(set);
        foreach (NftChain chain in table.Chains) batch.AddChain(chain);
        foreach (NftRule rule in table.Rules) batch.AddRule(rule);
        foreach (GuardElements elements in GuardElements.Of(members, table)) batch.AddElements(elements.Set, elements);
        if (table.Senders is { } senders) batch.AddElements(senders, table.SenderElements);
        ForgetDrops_NeedsLock();
        Execute_NeedsLock(batch, isWhole: true);
        _table = table;
        if (!_hasWritten) Log.Written(_logger, _network, _name);
        _hasWritten = true;
    }

    /// <summary>
    /// Carries a batch out. A transaction is one generation of the kernel's, so as long as there are no more of them than our own, nobody else has
    /// changed anything since the table was written as a whole.
    /// </summary>
    private void Execute_NeedsLock(NftablesBatch batch, bool isWhole)
    {
        NftablesNetlink netlink = Netlink_NeedsLock();
        if (isWhole) _generation = netlink.GetGeneration();
        netlink.Execute(batch);
        _generation++;
    }

    private void Delete_NeedsLock(IReadOnlyCollection<string> names)
    {
        IReadOnlyList<NftTable> found = FindTables_NeedsLock(names);
        if (found.Count == 0) return;
        var batch = new NftablesBatch();
        foreach (NftTable table in found) batch.DeleteTable(table.Family, table.Name);
        Netlink_NeedsLock().Execute(batch);
        foreach (string name in found.Select(static table => table.Name).Distinct()) Log.Removed(_logger, _network, name);
    }

    /// <summary>The families that have a table of the guard's name.</summary>
    private IReadOnlyList<NftFamily> Find_NeedsLock() => [.. FindTables_NeedsLock([_name]).Select(static table => table.Family)];

    private IReadOnlyList<NftTable> FindTables_NeedsLock(IReadOnlyCollection<string> names) =>
        [.. Netlink_NeedsLock().GetTables().Where(table => names.Contains(table.Name) && GuardTable.AllFamilies.Contains(table.Family))];

    /// <summary>Compares what is there with what was written, and replaces it if it differs.</summary>
    private void Verify_NeedsLock()
    {
        if (_table is null) return; // is written anyway
        HashSet<GuardMember> members = [.. _members.Wanted, .. _members.Surplus];
        uint generation = Netlink_NeedsLock().GetGeneration();
        if (FindDamage_NeedsLock(_table, members) is not { } damage)
        {
            _generation = generation;
            return;
        }

        Log.Repaired(_logger, _network, _name, damage);
        _table = null;
        Write_NeedsLock();
    }

    private string? FindDamage_NeedsLock(GuardTable table, HashSet<GuardMember> members)
    {
        NftablesNetlink netlink = Netlink_NeedsLock();
        IReadOnlyList<NftTable> tables = FindTables_NeedsLock([_name]);
        NftFamily[] families = [.. tables.Select(static found => found.Family)];
        if (table.Families.Any(family => !families.Contains(family))) return "it was gone";
        if (tables.Any(static found => found.IsDormant)) return "it was switched off (flags dormant)";
        if (!All(netlink.GetChains).ToHashSet().SetEquals(table.Chains)) return "its chains were changed";
        // no name is in both tables
        ILookup<string, NftRule> rules = All((family, name) => netlink.GetRules(family, name)).ToLookup(static rule => rule.Chain);
        if (!table.Chains.All(chain => rules[chain.Name].SequenceEqual(table.Rules.Where(rule => rule.Chain == chain.Name))))
            return "its rules were changed";
        if (!All(netlink.GetSets).ToHashSet().SetEquals(table.Sets)) return "its sets were changed";
        foreach (int length in table.Lengths)
        {
            IReadOnlyList<NftElement> found = netlink.GetElements(table.SetFor(length));
            bool isRight = found.Count == members.Count(member => member.Length == length)
                && found.All(element => members.Contains(new GuardMember(length, element.Key)));
            if (!isRight) return $"its set {table.SetFor(length).Name} was changed";
        }

        bool areSendersRight = table.Senders is not { } senders || netlink.GetElements(senders).ToHashSet().SetEquals(table.SenderElements);
        return areSendersRight ? null : $"its set {GuardTable.SendersName} was changed";

        IEnumerable<T> All<T>(Func<NftFamily, string, IReadOnlyList<T>> list) => families.SelectMany(family => list(family, _name));
    }
}
