namespace Flannel.Simulation.Faults;

/// <summary>What can be done to a cluster.</summary>
internal enum FaultKind
{
    /// <summary>The process is killed, and started again after a while.</summary>
    Crash,

    /// <summary>The process is killed in the middle of its next writes to the kernel.</summary>
    CrashWhileWriting,

    /// <summary>The host starts again: its kernel is empty.</summary>
    Reboot,

    /// <summary>The process is stopped by a signal and goes on after a while.</summary>
    Pause,

    /// <summary>The node is stopped as its options say, and started again.</summary>
    Restart,

    /// <summary>The node is stopped and removes what it made, its lease too; then it is started again.</summary>
    Remove,

    /// <summary>What is sent to the store vanishes.</summary>
    PartitionSilently,

    /// <summary>The store's host refuses connections.</summary>
    PartitionByRefusal,

    /// <summary>Watches deliver nothing, while calls work.</summary>
    StickWatches,

    /// <summary>Requests are carried out and their answers get lost.</summary>
    LoseAnswers,

    /// <summary>Answers take seconds.</summary>
    SlowStore,

    /// <summary>Every connection of the host breaks at once.</summary>
    BreakConnections,

    /// <summary>The store forgets its history.</summary>
    Compact,

    /// <summary>The store is restored from an older backup.</summary>
    RestoreBackup,

    /// <summary>The store has no room for writes.</summary>
    FillStore,

    /// <summary>An operator deletes every lease.</summary>
    DeleteAllLeases,

    /// <summary>An operator deletes the host's lease.</summary>
    DeleteLease,

    /// <summary>Somebody writes nonsense into the host's lease.</summary>
    CorruptLease,

    /// <summary>Another program takes the host's subnet.</summary>
    TakeSubnet,

    /// <summary>Another program leases a free subnet, or one that overlaps others.</summary>
    AddForeignLease,

    /// <summary>Somebody writes a key that is no lease, or a hostile one.</summary>
    AddStray,

    /// <summary>The configuration changes in a way that nodes follow.</summary>
    ChangeConfig,

    /// <summary>The configuration becomes unusable, or is deleted.</summary>
    SpoilConfig,

    /// <summary>The host gets another address.</summary>
    MoveHost,

    /// <summary>The wall clock jumps by up to a day.</summary>
    ShiftWallClock,

    /// <summary>Somebody removes entries from the kernel.</summary>
    RemoveEntries,

    /// <summary>Somebody changes an entry in the kernel.</summary>
    ChangeEntry,

    /// <summary>Somebody adds an entry to the kernel.</summary>
    AddEntry,

    /// <summary>Somebody deletes the device.</summary>
    DeleteDevice,

    /// <summary>Somebody changes the device's hardware address.</summary>
    ChangeMac,

    /// <summary>Somebody changes the device's hardware address and insists on it.</summary>
    ForceMac,

    /// <summary>The kernel says that it dropped notifications.</summary>
    OverflowEvents,

    /// <summary>Notifications get lost, and entries with them.</summary>
    LoseEvents,

    /// <summary>The kernel cannot be read.</summary>
    RefuseReads,

    /// <summary>The kernel refuses most writes.</summary>
    RefuseWrites,

    /// <summary>Another live host has the host's address, and perhaps what its node remembers.</summary>
    Duplicate,

    /// <summary>The host and another one with its address start together, and the store knows neither.</summary>
    StartTogether,
}
