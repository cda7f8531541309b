namespace Flannel.Core.Diagnostics;

/// <summary>The ids of the core's log events: leases 1000 to 1099, administration 1100 to 1199, the node 1200 to 1299.</summary>
internal static class FlannelEventIds
{
    public const int LeaseOwnTaken = 1000;
    public const int LeaseAcquired = 1001;
    public const int LeaseLostRace = 1002;
    public const int LeaseWriteUncertain = 1003;
    public const int LeaseUnfitDeleted = 1004;
    public const int LeaseUnfitReservation = 1005;
    public const int LeaseReleased = 1006;
    public const int LeaseNotReleased = 1007;
    public const int LeaseFormerHeld = 1008;
    public const int LeaseOtherDeleted = 1009;
    public const int LeaseRenewed = 1020;
    public const int LeaseRenewalFailed = 1021;
    public const int LeaseGone = 1022;
    public const int LeaseReacquired = 1023;
    public const int LeaseLost = 1024;
    public const int LeaseRestored = 1026;
    public const int LeaseContested = 1027;
    public const int LeaseUncontested = 1028;
    public const int LeaseRefused = 1040;
    public const int PeersRetained = 1041;
    public const int PeersRetainedNoLonger = 1042;
    public const int StoreAway = 1060;
    public const int StoreBack = 1061;
    public const int StoreUnexpectedError = 1062;
    public const int StoreStillAway = 1063;
    public const int StoreAwayFor = 1064;

    public const int AdminConfigWritten = 1100;
    public const int AdminConfigDeleted = 1101;
    public const int AdminReserved = 1102;
    public const int AdminReservationEnded = 1103;
    public const int AdminRevoked = 1104;
    public const int ObserverUnexpectedError = 1120;

    public const int NodeStateChanged = 1200;
    public const int NodeUnexpectedError = 1202;
    public const int NodeLeaseHeld = 1203;
    public const int NodeStopFailed = 1204;
    public const int SubnetFileFailed = 1205;
    public const int SubnetFileWritten = 1206;
    public const int SubnetFileUnreadable = 1207;
    public const int NodeConfigPending = 1208;
    public const int NodeSessionRenewed = 1209;
    public const int NodeTrafficLeftover = 1210;
    public const int NodeLoopAbandoned = 1211;
    public const int NodeSessionAbandoned = 1212;
    public const int NodeStillNotReady = 1213;
    public const int NodeStartGoesOn = 1214;
    public const int NodeOptionsInvalid = 1215;
    public const int NetworkPartNotClosed = 1216;
    public const int NodeTroubleOver = 1217;
    public const int NodeCrashed = 1218;
    public const int LeaseMemoryUnreadable = 1219;
    public const int LeaseMemoryNotWritten = 1220;
}
